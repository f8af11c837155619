package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"okta-entitlements-mcp/internal/secret"
)

// read turns text into a value. Note is for people when the text was put right. The error says what may be written,
// and quotes the text only when the setting is no secret.
func read(s Setting, text, base, home string) (v value, note string, err error) {
	v.text = text
	switch s.Kind {
	case Domain:
		v.text, note, err = baseURL(text)
	case Path:
		v.text, err = absolute(text, base, home)
	case List:
		v.list = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	case Commas:
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				v.list = append(v.list, part)
			}
		}
	case Bool:
		v.yes, err = truth(text)
	case Whole:
		v.n, err = whole(text, s)
	case Share:
		v.f, err = share(text, s)
	case Duration:
		v.d, err = duration(text, s)
	case Choice:
		v.text = strings.ToLower(text)
		if !slices.Contains(s.Allowed, v.text) {
			err = fmt.Errorf("%q is not known; use %s", text, strings.Join(s.Allowed, " or "))
		}
	case URL:
		v.text, note, err = endpoint(text)
	case Text:
		if strings.ContainsFunc(text, func(r rune) bool { return r == 0 || r == unicode.ReplacementChar }) {
			err = errors.New("contains bytes that are not text")
		}
	}
	return v, note, err
}

func truth(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is not known; use true or false", text)
}

func whole(text string, s Setting) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || float64(n) < s.Min || float64(n) > s.Max {
		return 0, fmt.Errorf("%q is not a whole number from %s", text, s.Values())
	}
	return n, nil
}

func share(text string, s Setting) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || f < s.Min || f > s.Max {
		return 0, fmt.Errorf("%q is not a number from %s", text, s.Values())
	}
	return f, nil
}

func duration(text string, s Setting) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < seconds(s.Min) || d > seconds(s.Max) {
		return 0, fmt.Errorf("%q is not a time from %s; write it with a unit, such as %s", text, s.Values(), s.Default)
	}
	return d, nil
}

func absolute(text, base, home string) (string, error) {
	if strings.ContainsRune(text, 0) {
		return "", errors.New("a path cannot contain a NUL byte")
	}
	// There is no shell between a client's configuration and this program, so ~ arrives as it was written.
	if rest, ok := strings.CutPrefix(filepath.ToSlash(text), "~/"); ok && home != "" {
		return filepath.Join(home, rest), nil
	}
	if filepath.IsAbs(text) {
		return filepath.Clean(text), nil
	}
	if base == "" {
		return "", fmt.Errorf("%q is relative and the working directory is not known; write the whole path", text)
	}
	return filepath.Join(base, text), nil
}

func endpoint(text string) (address, note string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", "", errors.New("is not an address such as https://minio.acme.example.com")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", errors.New("must not hold a user name, a query or a fragment")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		note = "is not encrypted; anyone on the way can read the reports"
	}
	return strings.TrimRight(text, "/"), note, nil
}

func secretOf(v value) secret.Secret { return secret.New(v.text) }

func levelOf(word string) slog.Level {
	switch word {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func seconds(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }
