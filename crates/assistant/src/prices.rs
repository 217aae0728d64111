//! What a model costs, from `models.json`: exact sums in millionths of a US dollar.

use std::sync::LazyLock;

use domain::Timestamp;
use jiff::{civil::Date, civil::Weekday, tz::TimeZone};
use serde::Deserialize;

use crate::Written;

/// Prices of models by name and time.
#[derive(Debug, Clone)]
pub struct ModelPrices {
    models: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
struct File {
    models: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    name: String,
    /// The last day of these prices.
    until: Option<Date>,
    #[serde(flatten)]
    rates: Rates,
    peak: Option<Peak>,
    #[serde(default)]
    thinking: Thinking,
}

#[derive(Debug, Clone, Deserialize)]
struct Rates {
    #[serde(rename = "in")]
    input: Option<String>,
    cached: Option<String>,
    out: Option<String>,
}

/// Dearer hours on working days.
#[derive(Debug, Clone, Deserialize)]
struct Peak {
    /// From the first hour on, before the second.
    hours_utc: Vec<(i8, i8)>,
    #[serde(flatten)]
    rates: Rates,
}

/// How a model is told to think little: at most one of these is sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub(crate) struct Thinking {
    /// Gemini 3 and later.
    pub level: Option<String>,
    /// Gemini 2.5.
    pub budget: Option<u32>,
    /// OpenAI's `reasoning_effort`.
    pub effort: Option<String>,
}

static KNOWN: LazyLock<ModelPrices> = LazyLock::new(|| ModelPrices {
    models: serde_json::from_str::<File>(include_str!("models.json")).map(|f| f.models).unwrap_or_default(),
});

impl ModelPrices {
    /// The prices that ship with the app.
    pub fn known() -> Self {
        KNOWN.clone()
    }

    /// What a call cost; none where no price is known or nothing was counted. Cached tokens are part of the
    /// incoming ones; thoughts are part of the outgoing ones.
    pub fn cost(&self, model: &str, written: &Written, at: Timestamp) -> Option<u64> {
        if written.tokens_in.is_none() && written.tokens_out.is_none() {
            return None;
        }
        let incoming = u64::from(written.tokens_in.unwrap_or(0));
        let cached = u64::from(written.tokens_cached.unwrap_or(0)).min(incoming);
        self.sum(model, incoming - cached, cached, u64::from(written.tokens_out.unwrap_or(0)), at)
    }

    /// The most a call can cost: no text has more tokens than bytes, and a third of them is already generous.
    pub fn at_most(&self, model: &str, prompt_bytes: usize, most_tokens: u32, at: Timestamp) -> Option<u64> {
        let incoming = u64::try_from(prompt_bytes.div_ceil(2)).unwrap_or(u64::MAX);
        self.sum(model, incoming, 0, u64::from(most_tokens), at)
    }

    fn sum(&self, model: &str, fresh: u64, cached: u64, out: u64, at: Timestamp) -> Option<u64> {
        let rates = self.rates(model, at)?;
        let input = micro(rates.input.as_deref()?)?;
        let cached_rate = rates.cached.as_deref().and_then(micro).unwrap_or(input);
        let output = micro(rates.out.as_deref()?)?;
        let total = u128::from(fresh) * u128::from(input)
            + u128::from(cached) * u128::from(cached_rate)
            + u128::from(out) * u128::from(output);
        // Rates are for a million tokens; a started millionth counts.
        u64::try_from(total.div_ceil(1_000_000)).ok()
    }

    fn rates(&self, model: &str, at: Timestamp) -> Option<&Rates> {
        let now = at.zoned(&TimeZone::UTC);
        let row = self.row(model, now.date())?;
        let working = !matches!(now.weekday(), Weekday::Saturday | Weekday::Sunday);
        let peak = row.peak.as_ref().filter(|peak| {
            working && peak.hours_utc.iter().any(|(from, until)| (*from..*until).contains(&now.hour()))
        });
        Some(peak.map_or(&row.rates, |peak| &peak.rates))
    }

    fn row(&self, model: &str, day: Date) -> Option<&Row> {
        let fits = |row: &&Row| {
            model
                .strip_prefix(row.name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ':', '@']))
        };
        let longest = self.models.iter().filter(fits).map(|row| row.name.len()).max()?;
        self.models
            .iter()
            .filter(fits)
            .filter(|row| row.name.len() == longest)
            .find(|row| row.until.is_none_or(|until| day <= until))
    }
}

/// How a model is told to think little, if it thinks at all.
pub(crate) fn thinking(model: &str) -> Thinking {
    KNOWN.row(model, Date::MIN).map(|row| row.thinking.clone()).unwrap_or_default()
}

/// `0.075` dollars in millionths.
fn micro(dollars: &str) -> Option<u64> {
    let (whole, part) = dollars.split_once('.').unwrap_or((dollars, ""));
    if part.len() > 6 {
        return None;
    }
    let part: u64 = format!("{part:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn used(tokens_in: u32, cached: u32, out: u32) -> Written {
        Written {
            tokens_in: Some(tokens_in),
            tokens_cached: Some(cached),
            tokens_out: Some(out),
            ..Written::default()
        }
    }

    #[test]
    fn a_call_costs_what_the_table_says_cached_tokens_less() {
        let prices = ModelPrices::known();
        let now = at("2026-11-20T12:00:00Z");
        // (10,000 - 4,000) x 0.30 + 4,000 x 0.03 + 200 x 2.50 = 1,800 + 120 + 500 millionths.
        assert_eq!(prices.cost("gemini-3.5-flash-lite", &used(10_000, 4_000, 200), now), Some(2_420));
        assert_eq!(prices.cost("gemini-3.5-flash-lite-preview", &used(1, 0, 0), now), Some(1));
        assert_eq!(prices.cost("no-such-model", &used(1, 0, 0), now), None);
        assert_eq!(prices.cost("gemini-3.5-flash-lite", &Written::default(), now), None);
    }

    #[test]
    fn introductory_prices_end_and_peak_hours_cost_more() {
        let prices = ModelPrices::known();
        let million = used(1_000_000, 0, 0);
        assert_eq!(prices.cost("gemini-3.8-flash", &million, at("2026-12-31T23:00:00Z")), Some(750_000));
        assert_eq!(prices.cost("gemini-3.8-flash", &million, at("2027-01-01T00:00:00Z")), Some(1_500_000));
        // Friday morning in Bangkok; then the same hour on a Saturday.
        assert_eq!(prices.cost("deepseek-flash", &million, at("2026-11-20T02:00:00Z")), Some(300_000));
        assert_eq!(prices.cost("deepseek-flash", &million, at("2026-11-21T02:00:00Z")), Some(150_000));
    }

    #[test]
    fn every_price_in_the_table_is_an_amount() {
        assert!(KNOWN.models.len() > 15);
        for row in &KNOWN.models {
            let peak = row.peak.iter().map(|peak| &peak.rates);
            for rates in std::iter::once(&row.rates).chain(peak) {
                for amount in [&rates.input, &rates.cached, &rates.out].into_iter().flatten() {
                    assert!(micro(amount).is_some(), "{}: {amount}", row.name);
                }
            }
        }
    }
}
