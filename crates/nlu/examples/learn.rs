//! Learns the weights of the linear model from labelled messages and writes `models/words.weights`.
//!
//! `cargo run --release -p nlu --example learn -- fanpage-train.jsonl [OUT]` trains on everything and writes;
//! with `--without=TRADE` it leaves that trade's messages out;
//! with `--check` it instead trains on five sixths of the trades in turn and prints how well the sixth is understood.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool of the workshop: it stops loudly and prints what it finds"
)]

use std::collections::BTreeMap;

use domain::Intent;
use nlu::{OUTPUTS, Reader, norm};
use serde_json::Value;

const BUCKETS: usize = 1 << 14;
const LEVELS: [&str; 5] = ["very_negative", "negative", "neutral", "positive", "very_positive"];
const FLAGS: [&str; 5] = ["legal", "emergency", "abuse", "wants_person", "spam"];
const ROUNDS: usize = 30;
const RATE: f32 = 2.0;
const L2: f32 = 2.0e-6;
/// A message that bears a flag counts as this many that do not: flags are rare and must not be overlooked.
const FLAGGED_COUNTS: f32 = 6.0;

struct Lesson {
    trade: String,
    intent: usize,
    level: usize,
    flags: [bool; 6],
    features: Vec<(u16, f32)>,
    total: usize,
    /// Without what the lists of phrases for flags say.
    bare_features: Vec<(u16, f32)>,
    bare_total: usize,
}

impl Lesson {
    fn intent(&self) -> usize {
        self.intent
    }

    fn level(&self) -> usize {
        self.level
    }
}

struct Weights {
    rows: Vec<[f32; OUTPUTS]>,
    biases: [f32; OUTPUTS],
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = arguments.iter().any(|argument| argument == "--check");
    let files: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let lessons = read(files[0]);
    if check {
        cross_check(&lessons);
    } else {
        let left_out = arguments.iter().find_map(|argument| argument.strip_prefix("--without="));
        let taught: Vec<&Lesson> =
            lessons.iter().filter(|lesson| Some(lesson.trade.as_str()) != left_out).collect();
        let mut weights = train(&taught);
        cool(&mut weights, &taught);
        let default = concat!(env!("CARGO_MANIFEST_DIR"), "/models/words.weights").to_owned();
        std::fs::write(files.get(1).copied().unwrap_or(&default), packed(&weights)).unwrap();
    }
}

fn read(path: &str) -> Vec<Lesson> {
    let reader = Reader::new();
    let lines = std::fs::read_to_string(path).unwrap();
    lines
        .split('\n')
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            let word = |key: &str| record[key].as_str().unwrap_or_default();
            let held: Vec<&str> =
                record["flags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let mut flags = [false; 6];
            for (flag, name) in flags.iter_mut().zip(FLAGS) {
                *flag = held.contains(&name);
            }
            flags[5] = record["escalate"].as_bool().unwrap();
            let evidence = reader.evidence(word("text"));
            let bare = &evidence.buckets[..evidence.buckets.len() - evidence.from_flag_lists];
            Lesson {
                trade: word("trade").to_owned(),
                intent: Intent::ALL.iter().position(|intent| intent.name() == word("intent")).unwrap(),
                level: LEVELS.iter().position(|level| *level == word("sentiment")).unwrap(),
                flags,
                features: counted(&evidence.buckets),
                total: evidence.buckets.len(),
                bare_features: counted(bare),
                bare_total: bare.len(),
            }
        })
        .collect()
}

fn counted(buckets: &[u16]) -> Vec<(u16, f32)> {
    let mut counts: BTreeMap<u16, f32> = BTreeMap::new();
    for bucket in buckets {
        *counts.entry(*bucket).or_default() += 1.0;
    }
    counts.into_iter().collect()
}

/// Gradient descent over softmax (intents, levels) and logistic (flags, pressing) losses, in an order shuffled the same
/// way every time; the average of the later rounds is kept. Buckets are weighed by how rare they are, and the weighing is folded in.
fn train(lessons: &[&Lesson]) -> Weights {
    let mut seen_in = vec![0_f32; BUCKETS];
    for lesson in lessons {
        for (bucket, _) in &lesson.features {
            seen_in[usize::from(*bucket)] += 1.0;
        }
    }
    let rarity: Vec<f32> = seen_in
        .iter()
        .map(|count| ((lessons.len() as f32 + 1.0) / (count + 1.0)).ln().max(0.3) / 3.0)
        .collect();
    let mut weights = Weights { rows: vec![[0.0; OUTPUTS]; BUCKETS], biases: [0.0; OUTPUTS] };
    let mut bias_squares = [1.0_f32; OUTPUTS];
    let mut kept = Weights { rows: vec![[0.0; OUTPUTS]; BUCKETS], biases: [0.0; OUTPUTS] };
    let mut order: Vec<usize> = (0..lessons.len()).collect();
    let mut dice = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..ROUNDS {
        let decay = 1.0 - 0.9 * round as f32 / ROUNDS as f32;
        for at in (1..order.len()).rev() {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            order.swap(at, (dice % (at as u64 + 1)) as usize);
        }
        for at in &order {
            let lesson = lessons[*at];
            let bare = round % 2 == 1;
            let features = if bare { &lesson.bare_features } else { &lesson.features };
            let norm = norm(if bare { lesson.bare_total } else { lesson.total });
            let mut scores = weights.biases;
            for (bucket, count) in features {
                let value = count * norm * rarity[usize::from(*bucket)];
                for (score, weight) in scores.iter_mut().zip(&weights.rows[usize::from(*bucket)]) {
                    *score += value * weight;
                }
            }
            let errors = errors(&scores, lesson);
            for (bucket, count) in features {
                let value = count * norm * rarity[usize::from(*bucket)];
                let row = &mut weights.rows[usize::from(*bucket)];
                for output in 0..OUTPUTS {
                    let slope = errors[output] * value + L2 * row[output];
                    row[output] -= RATE * decay * slope;
                }
            }
            for output in 0..OUTPUTS {
                bias_squares[output] += errors[output] * errors[output];
                weights.biases[output] -= 0.1 * errors[output] / bias_squares[output].sqrt();
            }
        }
        if round >= ROUNDS / 2 {
            let share = 1.0 / (ROUNDS - ROUNDS / 2) as f32;
            for (to, from) in kept.rows.iter_mut().zip(&weights.rows) {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from * share);
            }
            kept.biases.iter_mut().zip(weights.biases).for_each(|(to, from)| *to += from * share);
        }
    }
    for (row, rarity) in kept.rows.iter_mut().zip(rarity) {
        row.iter_mut().for_each(|weight| *weight *= rarity);
    }
    kept
}

/// Makes the confidences of intents and levels honest: divides their scores by the temperature at which messages that
/// were left out of training, a fifth at a time, are the least surprising.
fn cool(weights: &mut Weights, lessons: &[&Lesson]) {
    let mut asked: Vec<([f32; OUTPUTS], &Lesson)> = Vec::new();
    for fold in 0..5 {
        let part = |held: bool| {
            lessons
                .iter()
                .enumerate()
                .filter(move |(at, _)| (at % 5 == fold) == held)
                .map(|(_, lesson)| *lesson)
        };
        let learned = train(&part(false).collect::<Vec<_>>());
        asked.extend(part(true).map(|lesson| (scores(&learned, lesson), lesson)));
    }
    let outputs =
        [(0..14, Lesson::intent as fn(&Lesson) -> usize), (14..19, Lesson::level as fn(&Lesson) -> usize)];
    for (range, answer) in outputs {
        let surprise = |temperature: f32| -> f32 {
            asked
                .iter()
                .map(|(scores, lesson)| {
                    let cooled: Vec<f32> =
                        scores[range.clone()].iter().map(|score| score / temperature).collect();
                    -softmax(&cooled)[answer(lesson)].max(1.0e-9).ln()
                })
                .sum()
        };
        let best = (5..60)
            .map(|tenths| tenths as f32 / 10.0)
            .min_by(|a, b| surprise(*a).total_cmp(&surprise(*b)))
            .unwrap();
        println!("outputs {range:?}: temperature {best}");
        for output in range {
            weights.biases[output] /= best;
            weights.rows.iter_mut().for_each(|row| row[output] /= best);
        }
    }
}

fn softmax(scores: &[f32]) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
    let sum: f32 = raised.iter().sum();
    raised.into_iter().map(|share| share / sum).collect()
}

fn errors(scores: &[f32; OUTPUTS], lesson: &Lesson) -> [f32; OUTPUTS] {
    let mut errors = [0.0; OUTPUTS];
    for (output, share) in softmax(&scores[0..14]).into_iter().enumerate() {
        errors[output] = share - f32::from(u8::from(lesson.intent == output));
    }
    for (output, share) in softmax(&scores[14..19]).into_iter().enumerate() {
        errors[14 + output] = share - f32::from(u8::from(lesson.level == output));
    }
    for (output, flag) in lesson.flags.iter().enumerate() {
        errors[19 + output] = 1.0 / (1.0 + (-scores[19 + output]).exp()) - f32::from(u8::from(*flag));
        if *flag && output < 5 {
            errors[19 + output] *= FLAGGED_COUNTS;
        }
    }
    errors
}

/// Magic, a scale and a bias for every output, then a row of `i8` for every bucket.
fn packed(weights: &Weights) -> Vec<u8> {
    let mut scales = [0.0_f32; OUTPUTS];
    for row in &weights.rows {
        for (scale, weight) in scales.iter_mut().zip(row) {
            *scale = scale.max(weight.abs() / 127.0);
        }
    }
    let mut bytes = b"NLUWGT01".to_vec();
    for number in scales.iter().chain(&weights.biases) {
        bytes.extend(number.to_le_bytes());
    }
    for row in &weights.rows {
        for (weight, scale) in row.iter().zip(scales) {
            bytes.extend(
                ((weight / scale.max(f32::MIN_POSITIVE)).round().clamp(-127.0, 127.0) as i8).to_le_bytes(),
            );
        }
    }
    bytes
}

fn scores(weights: &Weights, lesson: &Lesson) -> [f32; OUTPUTS] {
    let mut scores = weights.biases;
    for (bucket, count) in &lesson.features {
        for (score, weight) in scores.iter_mut().zip(&weights.rows[usize::from(*bucket)]) {
            *score += count * norm(lesson.total) * weight;
        }
    }
    scores
}

fn best(scores: &[f32]) -> usize {
    (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap()
}

fn cross_check(lessons: &[Lesson]) {
    let trades: std::collections::BTreeSet<&str> =
        lessons.iter().map(|lesson| lesson.trade.as_str()).collect();
    let mut sum = 0.0;
    for trade in &trades {
        let learned: Vec<&Lesson> = lessons.iter().filter(|lesson| lesson.trade != *trade).collect();
        let asked: Vec<&Lesson> = lessons.iter().filter(|lesson| lesson.trade == *trade).collect();
        sum += figures(trade, &train(&learned), &asked);
    }
    println!("mean of the trades left out: intent {:.3}", sum / trades.len() as f32);
    let learned: Vec<&Lesson> =
        lessons.iter().enumerate().filter(|(at, _)| at % 5 != 0).map(|(_, lesson)| lesson).collect();
    let asked: Vec<&Lesson> =
        lessons.iter().enumerate().filter(|(at, _)| at % 5 == 0).map(|(_, lesson)| lesson).collect();
    figures("every fifth", &train(&learned), &asked);
}

fn figures(name: &str, weights: &Weights, asked: &[&Lesson]) -> f32 {
    let (mut intents, mut levels, mut ways) = (0, 0, 0);
    let mut flags = [[0_u32; 3]; 6];
    for lesson in asked {
        let scores = scores(weights, lesson);
        intents += u32::from(best(&scores[0..14]) == lesson.intent);
        let level = best(&scores[14..19]);
        levels += u32::from(level == lesson.level);
        ways += u32::from(level.cmp(&2) == lesson.level.cmp(&2));
        for (flag, counts) in flags.iter_mut().enumerate() {
            match (scores[19 + flag] > -0.4, lesson.flags[flag]) {
                (true, true) => counts[0] += 1,
                (true, false) => counts[1] += 1,
                (false, true) => counts[2] += 1,
                (false, false) => {}
            }
        }
    }
    let share = |count: u32| count as f32 / asked.len() as f32;
    print!(
        "{name:12} intent {:.3} levels {:.3} three ways {:.3} ",
        share(intents),
        share(levels),
        share(ways)
    );
    for ([hit, wrong, missed], flag) in flags.into_iter().zip(FLAGS.into_iter().chain(["presses"])) {
        let of = |count: u32, all: u32| count as f32 / all.max(1) as f32;
        print!("| {flag} P {:.2} R {:.2} ", of(hit, hit + wrong), of(hit, hit + missed));
    }
    println!();
    share(intents)
}
