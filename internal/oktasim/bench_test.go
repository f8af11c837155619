package oktasim

import (
	"runtime"
	"testing"
)

// BenchmarkEnrolmentsOfOneUser and BenchmarkFactorsOfOneUser are what an audit of 100,000 people costs the tenant per call.
func BenchmarkEnrolmentsOfOneUser(b *testing.B) { benchmarkUsers(b, "/authenticator-enrollments") }

func BenchmarkFactorsOfOneUser(b *testing.B) { benchmarkUsers(b, "/factors") }

func benchmarkUsers(b *testing.B, path string) {
	d := newCaller(b, Options{Seed: 1, Users: 20_000})
	ids := d.tenant.userOrder
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if s := d.get("/api/v1/users/" + ids[i%len(ids)] + path); s.StatusCode != 200 {
			b.Fatal(string(s.raw))
		}
		i++
	}
}

func BenchmarkPageOfUsers(b *testing.B) {
	d := newCaller(b, Options{Seed: 1, Users: 20_000})
	b.ReportAllocs()
	for b.Loop() {
		d.get("/api/v1/users?limit=200&after=" + d.tenant.userOrder[10_000])
	}
}

// BenchmarkPageOfAFilteredLog looks for a few rare events among very many.
func BenchmarkPageOfAFilteredLog(b *testing.B) {
	d := newCaller(b, Options{Seed: 1, Users: 1000})
	for i := range 200_000 {
		d.tenant.AddEvent(Event{Type: "user.session.start", UserID: d.tenant.userOrder[i%1000]})
	}
	for i := range 50 {
		d.tenant.Enroll(d.tenant.userOrder[i], "push", "")
	}
	b.ReportAllocs()
	for b.Loop() {
		if n := len(d.list(d.get(logsOf(`eventType eq "user.mfa.factor.activate" or eventType eq "user.mfa.factor.deactivate"`)))); n != 50 {
			b.Fatal(n)
		}
	}
}

// BenchmarkTenantOf100000 reports what the people of a large org weigh before and after all enrolments were read.
func BenchmarkTenantOf100000(b *testing.B) {
	var before, made, read runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		d := newCaller(b, Options{Seed: 1, Users: 100_000})
		runtime.GC()
		runtime.ReadMemStats(&made)
		for _, id := range d.tenant.userOrder {
			d.get("/api/v1/users/" + id + "/authenticator-enrollments")
		}
		runtime.GC()
		runtime.ReadMemStats(&read)
		b.ReportMetric(float64(made.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-made")
		b.ReportMetric(float64(read.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-read")
		runtime.KeepAlive(d)
	}
}
