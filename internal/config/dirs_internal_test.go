package config

import "testing"

func TestUserStateDirIsThatOfTheSystem(t *testing.T) {
	for _, test := range []struct {
		goos, home string
		env        map[string]string
		want       string
	}{
		{"linux", "/home/a", nil, "/home/a/.local/state"},
		{"linux", "/home/a", map[string]string{"XDG_STATE_HOME": "/var/a"}, "/var/a"},
		{"linux", "/home/a", map[string]string{"XDG_STATE_HOME": "relative"}, "/home/a/.local/state"},
		{"linux", "", nil, ""},
		{"darwin", "/Users/a", nil, "/Users/a/Library/Application Support"},
		{"windows", `C:\Users\a`, map[string]string{"LocalAppData": `C:\Users\a\AppData\Local`}, `C:\Users\a\AppData\Local`},
	} {
		got := userStateDir(test.goos, test.home, func(name string) string { return test.env[name] })
		if got != test.want {
			t.Errorf("%s %q %v: %q, want %q", test.goos, test.home, test.env, got, test.want)
		}
	}
}
