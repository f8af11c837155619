package app

import (
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
)

func TestAClockThatDiffersFromOktasIsSaid(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		0:                "",
		3 * time.Minute:  "behind Okta's",
		-3 * time.Minute: "ahead of Okta's",
	} {
		d := newDesk(t, nil, oktasim.Options{Skew: skew})
		text, failed := d.ask("okta_test", nil)
		if said := strings.Contains(text, "clock_differs"); failed || said != (skew != 0) || !strings.Contains(text, want) {
			t.Errorf("Okta's clock %s away: %s", skew, text)
		}
	}
}
