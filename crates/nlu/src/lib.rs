//! Words to understanding, on the device.
