package textmodel_test

import (
	"testing"

	"gridbook/syncproto/textmodel"
)

func BenchmarkCompress(b *testing.B) {
	src := notes(1, 1_000_000)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = len(textmodel.Compress(nil, src, nil))
	}
	b.ReportMetric(float64(n)/float64(len(src)), "ratio")
}

func BenchmarkDecompress(b *testing.B) {
	src := notes(1, 1_000_000)
	coded := textmodel.Compress(nil, src, nil)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := textmodel.Decompress(nil, coded, nil, len(src)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLight(b *testing.B) {
	src := notes(1, 1_000_000)
	m := textmodel.NewLight(nil)
	coded := m.Compress(nil, src)
	b.Run("compress", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		b.ReportAllocs()
		for b.Loop() {
			m.Compress(nil, src)
		}
		b.ReportMetric(float64(len(coded))/float64(len(src)), "ratio")
	})
	b.Run("decompress", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.Decompress(nil, coded, len(src)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPrime is what a server pays once for a village.
func BenchmarkPrime(b *testing.B) {
	prime := notes(2, 150_000)
	b.SetBytes(int64(len(prime)))
	b.ReportAllocs()
	for b.Loop() {
		textmodel.New(prime)
	}
}

// BenchmarkExchange is one batch of notes with a model at hand.
func BenchmarkExchange(b *testing.B) {
	m := textmodel.New(notes(2, 150_000))
	src := notes(1, 2_000)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = len(m.Compress(nil, src))
	}
	b.ReportMetric(float64(n)/float64(len(src)), "ratio")
}
