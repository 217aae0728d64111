//! How much of Meta's hourly quota is used, from the headers of every answer: slower from 75 %, silent from 95 %.
//!
//! <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>

use std::time::Duration;

use http::HeaderMap;

use crate::json::Json;

const SLOW: Duration = Duration::from_secs(1);
/// Where Meta does not say when access comes back; the next answer tells anew.
const SILENT: Duration = Duration::from_secs(60);

/// How long to pause after an answer with these headers.
pub(crate) fn pause(headers: &HeaderMap) -> Option<Duration> {
    let used = reports(headers).map(|report| percent(&report)).max().unwrap_or(0);
    if used >= 95 { Some(regain(headers).unwrap_or(SILENT)) } else { (used >= 75).then_some(SLOW) }
}

/// When access comes back, where Meta says so (in minutes).
pub(crate) fn regain(headers: &HeaderMap) -> Option<Duration> {
    let minutes =
        reports(headers).filter_map(|report| report.get("estimated_time_to_regain_access").count()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.min(24 * 60) * 60))
}

fn reports(headers: &HeaderMap) -> impl Iterator<Item = Json> {
    let read = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(Json::read);
    let flat = ["x-app-usage", "x-page-usage"].into_iter().filter_map(read);
    // By account id, each with a list.
    let by_account = read("x-business-use-case-usage").and_then(|json| {
        let accounts: Vec<Json> = json.keys().flat_map(|account| json.get(account).list().to_vec()).collect();
        (!accounts.is_empty()).then_some(accounts)
    });
    flat.collect::<Vec<_>>().into_iter().chain(by_account.into_iter().flatten())
}

/// Percent, of whichever is used most; values above 100 occur.
fn percent(report: &Json) -> i64 {
    ["call_count", "total_time", "total_cputime"]
        .into_iter()
        .filter_map(|figure| report.get(figure).float())
        .fold(0.0_f64, f64::max)
        .clamp(0.0, 1_000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), http::HeaderValue::from_static(value))])
    }

    #[test]
    fn the_quota_slows_us_before_it_stops_us() {
        let app = |value| pause(&headers("x-app-usage", value));
        assert_eq!(app(r#"{"call_count":20,"total_time":5,"total_cputime":5}"#), None);
        assert_eq!(app(r#"{"call_count":20,"total_time":76,"total_cputime":5}"#), Some(SLOW));
        assert_eq!(app(r#"{"call_count":208}"#), Some(SILENT));
        assert_eq!(app("nonsense"), None);
        let page = headers(
            "x-business-use-case-usage",
            r#"{"112233":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":7}]}"#,
        );
        assert_eq!(pause(&page), Some(Duration::from_secs(420)));
    }
}
