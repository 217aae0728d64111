//! How long one message takes, all rooms together.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nlu::{Reader, normalise};

/// 33 characters, the mean length of a customer's message.
const SHORT: &str = "เสื้อสีฟ้าไซส์ M ราคาเท่าไหร่คะพี่";
const BUSY: &str =
    "พรุ่งนี้บ่ายสามไปรับได้ไหมคะ โอนแล้ว 1,290 บาท เบอร์ 089-771-2045 อีเมล nok@shop.example เลข LM-290417";

fn read(bench: &mut Criterion) {
    let reader = Reader::new();
    bench.bench_function("33 characters", |bench| bench.iter(|| reader.read(black_box(SHORT))));
    bench.bench_function("104 characters, six entities", |bench| bench.iter(|| reader.read(black_box(BUSY))));
    bench
        .bench_function("33 characters, words only", |bench| bench.iter(|| reader.segment(black_box(SHORT))));
    bench.bench_function("33 characters, one spelling", |bench| bench.iter(|| normalise(black_box(SHORT))));
    let long: String = SHORT.chars().cycle().take(100_000).collect();
    let mut group = bench.benchmark_group("a hundred thousand characters");
    group.sample_size(10).throughput(Throughput::Bytes(u64::try_from(long.len()).unwrap()));
    group.bench_function("read", |bench| bench.iter(|| reader.read(black_box(&long))));
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
