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
