//! The one thread on which everything that blocks happens.
//!
//! A keyring call waits on D-Bus, sometimes on the owner at a prompt; a passphrase costs a second of computing. None
//! of it may happen on a worker of the async runtime: zbus even panics when called, or dropped, on one. So the drawer
//! lives and dies on a thread of its own, and requests are answered there in the order they came.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::Error;
use crate::file::PassphraseFile;
use crate::keyring::Keyring;

/// Where the secrets lie.
pub(crate) enum Drawer {
    Keyring(Keyring),
    File(PassphraseFile),
}

impl Drawer {
    /// The secret of that name; `None` when there is none.
    pub(crate) fn get(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match self {
            Drawer::Keyring(keyring) => keyring.get(name),
            Drawer::File(file) => file.get(name),
        }
    }

    /// Keeps the secret, over an older one of the same name.
    pub(crate) fn put(&mut self, name: &str, secret: &[u8]) -> Result<(), Error> {
        match self {
            Drawer::Keyring(keyring) => keyring.put(name, secret),
            Drawer::File(file) => file.put(name, secret),
        }
    }

    /// Forgets it; forgetting what is not there is no error.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Error> {
        match self {
            Drawer::Keyring(keyring) => keyring.remove(name),
            Drawer::File(file) => file.remove(name),
        }
    }

    /// Proves that a secret can be kept here now.
    pub(crate) fn probe(&mut self) -> Result<(), Error> {
        match self {
            Drawer::Keyring(keyring) => keyring.probe(),
            Drawer::File(file) => file.probe(),
        }
    }

    /// After a panic in a library: whatever was open is not to be trusted.
    fn let_go(&mut self) {
        match self {
            Drawer::Keyring(keyring) => keyring.let_go(),
            Drawer::File(file) => file.let_go(),
        }
    }
}

type Request = Box<dyn FnOnce(&mut Drawer) + Send>;

/// The way to the thread; when it is dropped, the thread ends after the request it is at.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    requests: mpsc::Sender<Request>,
    pub(crate) patience: Duration,
}

impl Desk {
    /// Starts the thread. The drawer is opened by the first request, so a keyring may start later than we do.
    pub(crate) fn open(mut drawer: Drawer, patience: Duration) -> Result<Desk, Error> {
        let (requests, queue) = mpsc::channel::<Request>();
        thread::Builder::new()
            .name("vault".to_owned())
            .spawn(move || {
                for request in queue {
                    request(&mut drawer);
                }
            })
            .map_err(|_| Error::Refused("the system gave no thread to talk to it"))?;
        Ok(Desk { requests, patience })
    }

    /// Does the work on the thread. After [`Error::TimedOut`] a request that had begun may still finish there; one
    /// that was waiting behind it is dropped untouched.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Drawer) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        const GONE: Error = Error::Refused("its thread has ended");
        let (answer, answered) = oneshot::channel();
        let request: Request = Box::new(move |drawer| {
            if answer.is_closed() {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(|| work(drawer))).unwrap_or_else(|_| {
                drawer.let_go();
                Err(Error::Refused("its library failed unexpectedly"))
            });
            // the asker may have lost patience meanwhile
            drop(answer.send(result));
        });
        self.requests.send(request).map_err(|_| GONE)?;
        match tokio::time::timeout(self.patience, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(GONE),
            Err(_) => Err(Error::TimedOut(self.patience)),
        }
    }
}
