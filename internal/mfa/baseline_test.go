package mfa

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/intake"
)

// parseBaseline reads a file as the program does, by the scanner of reports.
func parseBaseline(r io.Reader) (*Baseline, error) {
	return ParseBaseline(func(yield func(BaselineRecord, error) bool) {
		for record, err := range intake.Records(r, MaxBaselineBytes) {
			if !yield(BaselineRecord(record), err) {
				return
			}
		}
	})
}

func TestAnExportIsReadInAllItsForms(t *testing.T) {
	want := []string{
		"ann@acme.example ann@acme.example Ann Lee ACTIVE admin=true groups=Staff|Ops okta_verify",
		"ben@acme.example  Ben Ray SUSPENDED admin=false groups= ",
	}
	for name, file := range map[string]string{
		"as exported": "User,User login,User email,User status,User isAdmin,Group,Authenticator count,Authenticator type\n" +
			"Ann Lee,ann@acme.example,ann@acme.example,Active,true,\"Staff, Ops\",2,\"Okta Verify, Password\"\n" +
			"Ben Ray,ben@acme.example,,Suspended,false,,1,Password\n",
		"semicolons and a mark": "\xef\xbb\xbfUSER LOGIN;Name;user_email;status;IsAdmin;groups;Authenticators\r\n" +
			"ann@acme.example;Ann Lee;ann@acme.example;ACTIVE;Yes;Staff|Ops;\"Okta Verify;Password\"\r\n" +
			"ben@acme.example;Ben Ray;;suspended;No;;\r\n",
		"tabs and a hint of Excel": "sep=\t\nLogin\tFirst Name\tLast Name\tEmail\tStatus\tAdmin\tGroup " +
			"Names\tEnrolled authenticators\n" +
			"ann@acme.example\tAnn\tLee\tann@acme.example\tActive\t1\tStaff;Ops\t[Okta Verify, Password]\n" +
			"ben@acme.example\tBen\tRay\t\tSuspended\t\t\tNone\n",
		"a row for each authenticator": "User login,User,User email,User status,User isAdmin,Group,Authenticator\n" +
			"ann@acme.example,Ann Lee,ann@acme.example,Active,true,Staff,Okta Verify\nben@acme.example,Ben " +
			"Ray,,Suspended,,,Password\n" +
			"ANN@acme.example,Ann Lee,ann@acme.example,Active,true,Ops,Okta Verify\n",
		"a column for each": "User login,User,User email,User status,User isAdmin,Groups,Okta Verify,Phone,Password\n" +
			"ann@acme.example,Ann Lee,ann@acme.example,Active,true,Staff;Ops,Enrolled,,true\nben@acme.example,Ben " +
			"Ray,,Suspended,,,no,0,true\n",
	} {
		b, err := parseBaseline(strings.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, r := range b.Rows {
			got = append(got, fmt.Sprintf("%s %s %s %s admin=%t groups=%s %s", r.Login, r.Email, r.Name, r.Status,
				r.Admin, strings.Join(r.Groups, "|"), strings.Join(namesOf(r.Methods), " ")))
		}
		if !slices.Equal(got, want) || b.ProblemCount != 0 || len(b.Notes) != 0 {
			t.Errorf("%s: %q, problems %q, notes %q", name, got, b.Problems, b.Notes)
		}
	}
}

func TestDisplayNamesBecomeMethods(t *testing.T) {
	for name, want := range map[string]string{
		"Okta Verify":      "okta_verify okta_verify strong_phishable",
		"Okta FastPass":    "signed_nonce okta_verify phishing_resistant",
		"Okta Verify Push": "push okta_verify strong_phishable", "Phone": "phone_number phone_number weak",
		"SMS Authentication": "sms phone_number weak",
		"Voice Call":         "call phone_number weak", "Security Key or Biometric": "webauthn webauthn phishing_resistant",
		"Passkey (FIDO2 WebAuthn)": "webauthn webauthn phishing_resistant",
		"FIDO2 (WebAuthn)":         "webauthn webauthn phishing_resistant",
		"WebAuthn":                 "webauthn webauthn phishing_resistant",
		"Google Authenticator":     "google_otp google_otp strong_phishable", "Email": "okta_email okta_email weak",
		"Security Question": "security_question security_question weak",
		"RSA / On-Prem MFA": "onprem_mfa onprem_mfa strong_phishable",
		"YubiKey Token":     "yubikey_token yubikey_token strong_phishable", "Duo": "duo duo strong_phishable",
		"Symantec VIP": "symantec_vip symantec_vip strong_phishable",
		"Custom OTP":   "custom_otp custom_otp strong_phishable", "IDP Authenticator": "external_idp external_idp unknown",
		"Smart Card Authenticator": "smart_card_idp smart_card_idp phishing_resistant",
		"Temporary access code":    "tac tac weak", "U2F": "u2f webauthn phishing_resistant",
		"Brain Wave": "Brain Wave  unknown",
	} {
		m := displayed(name)
		if got := fmt.Sprint(m.Name, " ", m.Key, " ", m.Strength); got != want || !m.Active() {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for name, known := range displayNames {
		if m := displayed(name); known != "okta_password" && m.Strength == "" {
			t.Errorf("%s: %+v has no strength", name, m)
		}
	}
}

func TestRowsThatCannotBeUsedAreCountedWithTheirLine(t *testing.T) {
	b, err := parseBaseline(strings.NewReader("User ID,User login,Shoe size,Authenticator count,Authenticator types\n" +
		"00u1,a@x,42,2,\"Okta Verify\nPassword\"\n" + // lines 2 and 3
		",,42,1,Phone\n" +
		"00u2,b@x\n" +
		"00u3,c@x,\"4\"2,1,Phone\n" +
		"00u4,d@x,42,3,\n" +
		"00u5,e@x,42,1,\xff\xfe\n" +
		"00u6,f@x,42,1,Phone\n"))
	if err != nil {
		t.Fatal(err)
	}
	if b.Lines != 7 || len(b.Rows) != 2 || b.Rows[0].ID != "00u1" || b.Rows[1].ID != "00u6" || b.Rows[1].Line != 9 {
		t.Errorf("%d lines: %+v", b.Lines, b.Rows)
	}
	want := []string{"line 4: no one", "line 5: 2 cells, 5 expected", "line 6: ",
		"line 7: counts \"3\" authenticators and lists none", "line 8: the authenticators are not UTF-8"}
	if len(b.Problems) != len(want) || b.ProblemCount != len(want) {
		t.Fatalf("problems %q", b.Problems)
	}
	for i := range want {
		if !strings.HasPrefix(b.Problems[i], want[i]) {
			t.Errorf("problem %q, want %q", b.Problems[i], want[i])
		}
	}
	if len(b.Notes) != 1 || !strings.Contains(b.Notes[0], `"Shoe size"`) {
		t.Errorf("notes %q", b.Notes)
	}
	b, err = parseBaseline(strings.NewReader("Login,Authenticators\n" + strings.Repeat("x\n", 1000)))
	if err != nil || b.ProblemCount != 1000 || len(b.Problems) != shownProblems {
		t.Errorf("%d problems, %d shown, %v", b.ProblemCount, len(b.Problems), err)
	}
}

func TestFilesThatAreNoBaselineAreRefused(t *testing.T) {
	for file, want := range map[string]string{
		"":                          "the file is empty",
		"Name,Shoe size\nAnn,42\n":  `no column lists authenticators, such as "Authenticator type"; columns are "Name", "Shoe size"`,
		"Name,Authenticators\n":     `no column names people`,
		"PK\x03\x04":                "an Excel workbook",
		strings.Repeat("a,", 300):   "301 columns, at most 256",
		"\"Login\nAuthenticators\n": "read MFA baseline",
	} {
		if _, err := parseBaseline(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q in it", file, err, want)
		}
	}
	broken := errors.New("disk on fire")
	if _, err := parseBaseline(io.MultiReader(strings.NewReader("Login,Authenticators\na,Phone\n"),
		failing{broken})); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

func TestAnEndlessBaselineIsRefused(t *testing.T) {
	_, err := parseBaseline(io.MultiReader(strings.NewReader("Login,Authenticators\n"), &endless{}))
	if err == nil || !strings.Contains(err.Error(), "more than 128 MiB") {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// endless repeats one person for good.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	row := "ann@acme.example," + strings.Repeat(" ", 3600) + "Phone" + "\n"
	n := 0
	for len(p)-n >= len(row) {
		n += copy(p[n:], row)
	}
	if n == 0 {
		n = copy(p, "b,c\n")
	}
	return n, nil
}

// FuzzParseBaseline asks that people come out once, named and with methods that can be shown.
func FuzzParseBaseline(f *testing.F) {
	f.Add([]byte("User,User login,Authenticator count,Authenticator type\nAnn,ann@x,2,\"Okta Verify, Password\"\n"))
	f.Add([]byte("\xef\xbb\xbfsep=;\nlogin;SMS;WebAuthn\na;1;x\nA;;true\n"))
	f.Add([]byte("id\tmethods\n1\t\"a\nb\"\n1\t[x|y]\n"))
	f.Add([]byte("user,factors\na@b,\xff\n\"x\"y,z\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := parseBaseline(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		if b.Lines < max(len(b.Rows), b.ProblemCount) || len(b.Problems) > shownProblems {
			t.Fatalf("%d lines, %d rows, %d problems", b.Lines, len(b.Rows), b.ProblemCount)
		}
		seen := map[string]bool{}
		for _, r := range b.Rows {
			who := r.ID
			if who == "" {
				who = fold(r.Login)
			}
			if who == "" {
				who = fold(r.Email)
			}
			if who == "" || seen[who] {
				t.Fatalf("line %d: %q is no one or comes twice", r.Line, who)
			}
			seen[who] = true
			for i, m := range r.Methods {
				if m.Name == "" || m.Strength == "" || !m.Active() || m.Key == "okta_password" || !utf8.ValidString(m.label()) {
					t.Fatalf("line %d: method %+v", r.Line, m)
				}
				if i > 0 && m == r.Methods[i-1] {
					t.Fatalf("line %d: %s comes twice", r.Line, m.Name)
				}
			}
		}
	})
}
