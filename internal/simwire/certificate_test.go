package simwire

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServeDirectoryHoldsNoPrivateKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := issueCertificate(dir, "sim.local"); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || strings.Contains(string(text), "PRIVATE KEY") {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}

// Python 3.13 verifies strictly by default, and refuses a certificate that does not name its issuer's key.
func TestTheCertificateNamesTheKeyOfItsAuthority(t *testing.T) {
	cert, err := issueCertificate(t.TempDir(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(cert.Certificate[1])
	if err != nil {
		t.Fatal(err)
	}
	if len(leaf.AuthorityKeyId) == 0 || !bytes.Equal(leaf.AuthorityKeyId, ca.SubjectKeyId) {
		t.Errorf("authority %x, leaf names %x", ca.SubjectKeyId, leaf.AuthorityKeyId)
	}
	if err := leaf.CheckSignatureFrom(ca); err != nil {
		t.Error(err)
	}
}
