package charset_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"

	"okta-entitlements-mcp/internal/intake/charset"
)

// reports are texts as people write them, with the encodings in which their country's programs save. The words are not
// those that the detector knows, except by chance.
var reports = []struct {
	name      string
	text      string
	encodings []charset.Encoding
}{
	{"german", "Benutzer;Rolle\nada@a.de;Einkäufer\nbo@a.de;Prüfer\n", western},
	{"german names", "Name;Rolle\nJürgen Möller;Geschäftsleitung\nBärbel Gößling;Bürokraft Süd\n", western},
	{"german capitals", "NAME;ROLLE\nMÜLLER;PRÜFUNG\nKÖNIG;VERKÄUFER\n", western},
	{"french", "Email,Rôle\na@b.fr,Contrôleur de gestion\nc@d.fr,Trésorière\ne@f.fr,Gérant système\n", western},
	{"french accents", "Nom;Rôle\nHélène;Chargée d'études\nÉric;Opérateur régie\n", western},
	{"spanish", "Correo;Rol\na@b.es;Dirección\nc@d.es;Señalización y montaña\n", western},
	{"portuguese", "Email;Função\na@b.pt;Gestão de produção\nc@d.pt;Aprovação\n", western},
	{"italian", "Email;Ruolo\na@b.it;Responsabile qualità\nc@d.it;Attività\n", western},
	{"swedish", "Namn;Roll\nÅsa;Försäljning\nGöran;Inköp\n", western},
	{"danish", "Navn;Rolle\nSøren;Økonomi\nKåre;Indkøber\n", western},
	{"cafe", "Email,Role\na@b.c,Café Manager\nd@e.f,Résumé Editor\n", western},
	{"polish", "Email;Rola\na@b.pl;Księgowy\nc@d.pl;Zastępca\n", central},
	{"polish more", "Nazwa;Rola\nMałgorzata;Główny księgowy\nPaweł;Dział sprzedaży\n", central},
	{"czech", "Jméno;Role\nTomáš;Účetní\nJiří;Správce přístupů\n", central},
	{"hungarian", "Név;Szerepkör\nErzsébet;Könyvelő\nGyőző;Beszerző\n", central},
	{"russian", "Почта;Роль\na@b.ru;Бухгалтер\nc@d.ru;Администратор\n", []charset.Encoding{charset.Windows1251}},
	{"japanese", "メール,部署,役割\na@b.jp,営業部,管理者\nc@d.jp,経理部,閲覧者\n", []charset.Encoding{charset.ShiftJIS, charset.EUCJP}},
	{"chinese", "邮箱,部门,角色\na@b.cn,销售部,管理员\nc@d.cn,财务部,查看者\n", []charset.Encoding{charset.GBK}},
	{"traditional", "電子郵件,部門,角色\na@b.tw,業務部,系統管理員\nc@d.tw,財務部,檢視者\n", []charset.Encoding{charset.Big5}},
	{"korean", "이메일,부서,역할\na@b.kr,영업부,관리자\nc@d.kr,재무부,조회자\n", []charset.Encoding{charset.EUCKR}},
}

var (
	western = []charset.Encoding{charset.Windows1252, charset.MacRoman}
	central = []charset.Encoding{charset.Windows1250}
)

func TestACertainGuessReadsWhatWasWritten(t *testing.T) {
	certain, asked := 0, 0
	for _, r := range reports {
		for _, e := range r.encodings {
			raw := encode(t, e, r.text)
			guess := charset.Detect(raw)
			got, _, err := transform.String(guess.Encoding.NewDecoder(), string(raw))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case guess.Certain && got != r.text:
				t.Errorf("%s in %s: certain that it is %s, which reads %q", r.name, e, guess.Encoding, got)
			case guess.Certain:
				certain++
			default:
				asked++
				t.Logf("%s in %s is a question: %+v", r.name, e, guess.Candidates)
				if !offers(guess, raw, r.text) {
					t.Errorf("%s in %s: no candidate reads what was written: %+v", r.name, e, guess.Candidates)
				}
			}
		}
	}
	if t.Logf("%d certain, %d asked", certain, asked); certain < 3*asked {
		t.Errorf("%d of %d texts are a question; most should be certain", asked, certain+asked)
	}
}

// offers reports whether one of the candidates reads the text.
func offers(g charset.Guess, raw []byte, text string) bool {
	return slices.ContainsFunc(g.Candidates, func(c charset.Candidate) bool {
		got, _, err := transform.String(c.Encoding.NewDecoder(), string(raw))
		return err == nil && got == text
	})
}

func TestADoubtfulGuessShowsNamesThatDiffer(t *testing.T) {
	raw := []byte("Email;Rola\na@b.c;X\xeaz\n") // no language has this word
	guess := charset.Detect(raw)
	if guess.Certain {
		t.Fatalf("certain that it is %s", guess.Encoding)
	}
	if len(guess.Candidates) < 2 {
		t.Fatalf("one candidate alone: %+v", guess.Candidates)
	}
	for _, c := range guess.Candidates {
		if len(c.Names) == 0 || c.Names[0] == "" {
			t.Errorf("%s shows no name", c.Encoding)
		}
	}
	if a, b := guess.Candidates[0].Names, guess.Candidates[1].Names; slices.Equal(a, b) {
		t.Errorf("both read %q", a)
	}
}

func TestUTF8IsLeftAlone(t *testing.T) {
	for _, r := range reports {
		if g := charset.Detect([]byte(r.text)); !g.Certain || g.Encoding != charset.UTF8 {
			t.Errorf("%s: %s, certain %v", r.name, g.Encoding, g.Certain)
		}
	}
}

func TestUTF8EncodedTwiceIsSeen(t *testing.T) {
	for _, r := range reports[:14] {
		twice := once(t, r.text)
		g := charset.Detect([]byte(twice))
		got, _, err := transform.String(charset.UTF8Twice.NewDecoder(), twice)
		if err != nil || got != r.text {
			t.Errorf("%s: decoded to %q, %v", r.name, got, err)
		}
		if g.Encoding != charset.UTF8Twice || !g.Certain {
			t.Errorf("%s: taken for %s, certain %v", r.name, g.Encoding, g.Certain)
		}
	}
}

// once takes UTF-8 for Windows-1252, as the program did that wrote the file.
func once(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for i := range len(text) {
		if r := charmap.Windows1252.DecodeByte(text[i]); r != '\ufffd' {
			b.WriteRune(r)
		} else {
			b.WriteRune(rune(text[i]))
		}
	}
	return b.String()
}

func TestRecordedReportsAreNeverReadWrongly(t *testing.T) {
	tests := []struct {
		file string
		want charset.Encoding
		word string
	}{
		{"given-49-k8-gbk.csv", charset.GBK, "管理员"},
		{"given-51-k8-mac-roman.csv", charset.MacRoman, "Résumé Editor"},
		{"given-52-k8-windows-1250.csv", charset.Windows1250, "Księgowy"},
	}
	for _, tt := range tests {
		raw, err := os.ReadFile(filepath.Join("testdata", tt.file))
		if err != nil {
			t.Fatal(err)
		}
		g := charset.Detect(raw)
		got, _, err := transform.String(g.Encoding.NewDecoder(), string(raw))
		if err != nil || g.Encoding != tt.want || !strings.Contains(got, tt.word) {
			t.Errorf("%s: %s (certain %v): %q", tt.file, g.Encoding, g.Certain, got)
		}
	}
}

func TestEncodingsAreFoundByTheNamesThatPeopleWrite(t *testing.T) {
	for name, want := range map[string]charset.Encoding{
		"UTF-8": charset.UTF8, "utf8": charset.UTF8, "Windows 1252": charset.Windows1252, "latin1": charset.Windows1252,
		"Shift-JIS": charset.ShiftJIS, "cp1250": charset.Windows1250, "GB2312": charset.GBK, "macintosh": charset.MacRoman,
	} {
		if got, ok := charset.Find(name); !ok || got != want {
			t.Errorf("Find(%q): %s, %v; want %s", name, got, ok, want)
		}
	}
	if got, ok := charset.Find("ebcdic"); ok {
		t.Errorf("ebcdic is taken for %s", got)
	}
}

func encode(t *testing.T, e charset.Encoding, text string) []byte {
	t.Helper()
	out, _, err := transform.String(e.NewEncoder(), text)
	if err != nil {
		t.Fatalf("%s cannot write %q: %v", e, text, err)
	}
	return []byte(out)
}

func FuzzDetectSaysSomething(f *testing.F) {
	for _, r := range reports {
		f.Add([]byte(r.text))
	}
	f.Add([]byte("\xff\xfe\x00"))
	f.Fuzz(func(t *testing.T, sample []byte) {
		g := charset.Detect(sample)
		if len(g.Candidates) == 0 || g.Candidates[0].Encoding != g.Encoding {
			t.Errorf("candidates %+v for %s", g.Candidates, g.Encoding)
		}
	})
}
