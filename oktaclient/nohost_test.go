package oktaclient

import (
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
)

func TestAHostThatNoNameServerKnowsDoubtsTheDomain(t *testing.T) {
	s := &script{}
	for range 20 {
		s.fail(&net.DNSError{Err: "no such host", Name: "acm.okta.com", IsNotFound: true})
	}
	c, _ := connect(t, s)
	synctest.Test(t, func(t *testing.T) {
		_, err := c.Org(t.Context())
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrUnavailable) || !strings.Contains(e.Next(), "OKTA_DOMAIN") {
			t.Errorf("got %v", err)
		}
	})
}
