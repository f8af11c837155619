package intake_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

// writeBigReport writes a plausible report of the given size: users with about twenty rows each, a dozen roles, some
// multi-value cells, one row in ten denied. The rows of a user stand together, or as far apart as can be.
func writeBigReport(tb testing.TB, path string, rows int, together bool) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "Email,User_ID,Access_Date,Action_Type,Role,Permission_Set,Effective_Access")
	roles := []string{"Account Manager", "Sales Manager", "Support Agent", "Support Lead", "Finance Analyst",
		"Invoice Clerk",
		"Payment Approver", "Marketing Editor", "System Administrator", "Compliance Auditor", "Contract Reviewer",
		"Vendor Manager"}
	sets := []string{"Sales Cloud User", "Quote Editor", "Service Console;Knowledge Reader", "Report Builder",
		"Invoice Viewer|Invoice Editor",
		"Campaign Editor", "API Access", "Audit Log Viewer", "Payment Release"}
	state := uint32(1)
	for i := range rows {
		state = state*1664525 + 1013904223
		n := int(state >> 8)
		user, decision := (i*7)%max(rows/20, 1), "Permitted"
		if together {
			user = i / 20
		}
		if n%10 == 0 {
			decision = "Denied"
		}
		fmt.Fprintf(w, "person.number%06d@acme.example.com,E%06d,20%02d-%02d-%02d,Grant,%s,%s,%s\n", user, user,
			20+n%6, 1+n%12, 1+n%28, roles[n%len(roles)], sets[n%len(sets)], decision)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkRead2M reads reports of 2,000,000 rows from a file. peak-MB is the most memory that the process held while
// reading (VmHWM) where the system tells, else what Go took from the system. Run it with -cpu 1 for one core.
func BenchmarkRead2M(b *testing.B) {
	b.Run("sorted by user", func(b *testing.B) { benchmarkRead(b, 2_000_000, true) })
	b.Run("users mixed", func(b *testing.B) { benchmarkRead(b, 2_000_000, false) })
}

func benchmarkRead(b *testing.B, rows int, together bool) {
	path := filepath.Join(b.TempDir(), "big.csv")
	writeBigReport(b, path, rows, together)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	debug.FreeOSMemory()
	// begins the peak anew; without it the figure is too high, never too low
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	peak := 0.0
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		rep, err := intake.Read(context.Background(), f, intake.Options{})
		f.Close()
		if err != nil {
			b.Fatal(err)
		}
		if len(rep.Rows) != rows {
			b.Fatalf("got %d rows, want %d", len(rep.Rows), rows)
		}
		if peak == 0 {
			peak = peakMB()
		}
		rep = nil
		b.StopTimer()
		debug.FreeOSMemory()
		b.StartTimer()
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(float64(info.Size())/1e6/seconds, "MB/s")
	b.ReportMetric(float64(rows)/seconds, "rows/s")
	b.ReportMetric(peak, "peak-MB")
}

func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				if kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64); err == nil {
					return kb * 1024 / 1e6
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / 1e6
}
