package trail_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"okta-entitlements-mcp/internal/trail"
)

// BenchmarkAppend is what an entry costs, on disk and noted in the head, when so many callers append at once.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 8, 32, 64} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			tr := open(b, b.TempDir())
			each := (b.N + callers - 1) / callers
			b.ResetTimer()
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for range each {
						if _, err := tr.Append(context.Background(), trail.Entry{Tool: "okta_user_search", Step: "call"}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(each*callers), "us/entry")
		})
	}
}

// BenchmarkVerify is what reading a trail of 100,000 entries costs, as each decision of the gate does: the first of a
// process, and a later one.
func BenchmarkVerify(b *testing.B) {
	dir := b.TempDir()
	tr := open(b, dir)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := range 100_000 / 64 {
				if _, err := tr.Append(context.Background(), entry(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if _, err := trail.VerifyDir(b.Context(), dir); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("later", func(b *testing.B) {
		if _, err := tr.Verify(b.Context()); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := tr.Verify(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
