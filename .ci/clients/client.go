// Okta's Go SDK v5, configured as its own README says, against the simulated tenant: a foreign judge of what the tenant
// answers. This program's own client sets the SDK up by hand; here its configuration, retries and cache are as shipped.
//
//	go run ./.ci/clients URL TOKEN CA_FILE APP_ID
//
// It ends with 1 when a step fails.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/okta/okta-sdk-golang/v5/okta"
)

type check struct {
	ctx    context.Context
	okta   *okta.APIClient
	failed bool
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: client URL TOKEN CA_FILE APP_ID")
		os.Exit(2)
	}
	client, err := connect(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c := &check{ctx: context.Background(), okta: client}
	user := c.people()
	c.groups(user)
	c.applications(user, os.Args[4])
	c.policies()
	c.factors(user)
	if c.failed {
		os.Exit(1)
	}
}

// connect dials the tenant whatever address is asked: the SDK drops the port of the organisation's address.
func connect(org, token, caFile string) (*okta.APIClient, error) {
	at, err := url.Parse(org)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", caFile)
	}
	cfg, err := okta.NewConfiguration(
		okta.WithOrgUrl(org),
		okta.WithToken(token),
		okta.WithTestingDisableHttpsCheck(true),
		okta.WithHttpClientPtr(&http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, at.Host)
			},
		}}),
	)
	if err != nil {
		return nil, err
	}
	return okta.NewAPIClient(cfg), nil
}

// step prints how a step ended. Every step runs, so that one run names all that fail.
func (c *check) step(name string, err error) {
	if err == nil {
		fmt.Println("ok  ", name)
		return
	}
	c.failed = true
	fmt.Println("FAIL", name, err)
}

// holds wants an id among those of a list.
func holds[T any](list []T, err error, id string, of func(T) string) error {
	if err != nil {
		return err
	}
	for _, item := range list {
		if of(item) == id {
			return nil
		}
	}
	return fmt.Errorf("%s is not among %d objects", id, len(list))
}

// some wants a list that is not empty.
func some[T any](list []T, err error) error {
	if err == nil && len(list) == 0 {
		return errors.New("the list is empty")
	}
	return err
}

func (c *check) people() string {
	const login = "alan.foreign@acme.example.com"
	profile := okta.UserProfile{}
	profile.SetLogin(login)
	profile.SetEmail(login)
	profile.SetFirstName("Alan")
	profile.SetLastName("Foreign")
	made, _, err := c.okta.UserAPI.CreateUser(c.ctx).Body(okta.CreateUserRequest{Profile: profile}).Activate(true).Execute()
	c.step("create user", err)
	if err != nil {
		return ""
	}
	found, resp, err := c.okta.UserAPI.ListUsers(c.ctx).Limit(20).Execute()
	for err == nil && resp.HasNextPage() {
		var next []okta.User
		if resp, err = resp.Next(&next); err == nil {
			found = append(found, next...)
		}
	}
	if err == nil && len(found) <= 40 {
		err = fmt.Errorf("%d people in all pages", len(found))
	}
	c.step("list users, in pages", err)
	one, _, err := c.okta.UserAPI.GetUser(c.ctx, login).Execute()
	if err == nil && one.GetId() != made.GetId() {
		err = fmt.Errorf("another user, %s", one.GetId())
	}
	c.step("get user by login", err)
	search, _, err := c.okta.UserAPI.ListUsers(c.ctx).Search(`status eq "ACTIVE"`).Execute()
	c.step("search users", some(search, err))
	return made.GetId()
}

func (c *check) groups(user string) {
	profile := okta.GroupProfile{}
	profile.SetName("Foreign clients of Go")
	group, _, err := c.okta.GroupAPI.CreateGroup(c.ctx).Group(okta.Group{Profile: &profile}).Execute()
	c.step("create group", err)
	if err != nil {
		return
	}
	groupID := func(g okta.Group) string { return g.GetId() }
	all, _, err := c.okta.GroupAPI.ListGroups(c.ctx).Execute()
	c.step("list groups", holds(all, err, group.GetId(), groupID))
	_, err = c.okta.GroupAPI.AssignUserToGroup(c.ctx, group.GetId(), user).Execute()
	c.step("add member", err)
	time.Sleep(4 * time.Second) // member lists lag, as recorded
	members, _, err := c.okta.GroupAPI.ListGroupUsers(c.ctx, group.GetId()).Execute()
	c.step("list members", holds(members, err, user, func(u okta.GroupMember) string { return u.GetId() }))
	theirs, _, err := c.okta.UserAPI.ListUserGroups(c.ctx, user).Execute()
	c.step("groups of a user", holds(theirs, err, group.GetId(), groupID))
	_, err = c.okta.GroupAPI.UnassignUserFromGroup(c.ctx, group.GetId(), user).Execute()
	c.step("remove member", err)
}

func (c *check) applications(user, app string) {
	found, _, err := c.okta.ApplicationAPI.ListApplications(c.ctx).Execute()
	c.step("list applications", some(found, err))
	_, _, err = c.okta.ApplicationUsersAPI.AssignUserToApplication(c.ctx, app).
		AppUser(okta.AppUserAssignRequest{Id: user}).Execute()
	c.step("assign user", err)
	users, _, err := c.okta.ApplicationUsersAPI.ListApplicationUsers(c.ctx, app).Execute()
	c.step("list assignments", holds(users, err, user, func(u okta.AppUser) string { return u.GetId() }))
}

func (c *check) policies() {
	for _, kind := range []string{"MFA_ENROLL", "ACCESS_POLICY"} {
		found, _, err := c.okta.PolicyAPI.ListPolicies(c.ctx).Type_(kind).Execute()
		c.step("list policies "+kind, some(found, err))
		if err != nil || len(found) == 0 {
			continue
		}
		id := found[0].GetActualInstance().(interface{ GetId() string }).GetId()
		rules, _, err := c.okta.PolicyAPI.ListPolicyRules(c.ctx, id).Execute()
		c.step("list rules "+kind, some(rules, err))
	}
	authenticators, _, err := c.okta.AuthenticatorAPI.ListAuthenticators(c.ctx).Execute()
	c.step("list authenticators", some(authenticators, err))
}

func (c *check) factors(user string) {
	sms, profile := okta.NewUserFactorSMS(), okta.NewUserFactorSMSProfile()
	sms.SetFactorType("sms")
	sms.SetProvider("OKTA")
	profile.SetPhoneNumber("+15554151338")
	sms.SetProfile(*profile)
	made, _, err := c.okta.UserFactorAPI.EnrollFactor(c.ctx, user).
		Body(okta.UserFactorSMSAsListFactors200ResponseInner(sms)).Execute()
	c.step("enrol sms", err)
	if err != nil {
		return
	}
	factorID := func(f okta.ListFactors200ResponseInner) string {
		return f.GetActualInstance().(interface{ GetId() string }).GetId()
	}
	found, _, err := c.okta.UserFactorAPI.ListFactors(c.ctx, user).Execute()
	c.step("list factors", holds(found, err, factorID(*made), factorID))
	_, err = c.okta.UserFactorAPI.UnenrollFactor(c.ctx, user, factorID(*made)).Execute()
	c.step("remove factor", err)
}
