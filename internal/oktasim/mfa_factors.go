package oktasim

import (
	"net/http"
	"regexp"
	"slices"
)

// question is one of the security questions on offer.
type question struct {
	Question string `json:"question"`
	Text     string `json:"questionText"`
}

var questions = []question{
	{"disliked_food", "What is the food you least liked as a child?"},
	{"name_of_first_plush_toy", "What is the name of your first stuffed animal?"},
	{"first_award", "What did you earn your first medal or award for?"},
	{"favorite_security_question", "What is your favorite security question?"},
	{"favorite_toy", "What is the toy/stuffed animal you liked the most as a kid?"},
	{"first_computer_game", "What was the first computer game you played?"},
	{"favorite_movie_quote", "What is your favorite movie quote?"},
	{"first_sports_team_mascot", "What was the mascot of the first sports team you played on?"},
	{"first_music_purchase", "What music album or song did you first purchase?"},
	{"favorite_art_piece", "What is your favorite piece of art?"},
	{"grandmother_favorite_desert", "What was your grandmother's favorite dessert?"},
	{"first_thing_cooked", "What was the first thing you learned to cook?"},
	{"childhood_dream_job", "What was your dream job as a child?"},
	{"place_where_significant_other_was_met", "Where did you meet your spouse/significant other?"},
	{"favorite_vacation_location", "Where did you go for your favorite vacation?"},
	{"new_years_two_thousand", "Where were you on New Year's Eve in the year 2000?"},
	{"favorite_speaker_actor", "Who is your favorite speaker/orator?"},
	{"favorite_book_movie_character", "Who is your favorite book/movie character?"},
	{"favorite_sports_player", "Who is your favorite sports player?"},
}

// factorKinds are the types that can be enrolled, each with its providers. FastPass (signed_nonce) cannot be.
var factorKinds = []struct {
	kind, provider string
	need           string // profile property that enrolment asks for
}{
	{"question", "OKTA", "question"}, {"sms", "OKTA", "phoneNumber"}, {"call", "OKTA", "phoneNumber"}, {"email", "OKTA",
		"email"},
	{"push", "OKTA", ""}, {"token:software:totp", "OKTA", ""}, {"token:software:totp", "GOOGLE", ""}, {"webauthn", "FIDO",
		""}, {"u2f", "FIDO", ""},
	{"token:hardware", "YUBICO", ""}, {"token:hotp", "CUSTOM", ""}, {"token", "RSA", "credentialId"}, {"token", "SYMANTEC",
		"credentialId"}, {"web", "DUO", ""},
}

var e164 = regexp.MustCompile(`^\+[1-9]\d{1,14}$`)

func hinted(url string, allow ...string) hintedHref {
	return hintedHref{url, hints{allow}}
}

func vendorName(provider string) string {
	switch provider {
	case "YUBICO":
		return "YUBICO"
	case "":
		return "OKTA"
	}
	return provider
}

// factorWire is a factor as JSON. Audits read very many of them, so it is no map.
type factorWire struct {
	ID          string         `json:"id"`
	FactorType  string         `json:"factorType"`
	Provider    string         `json:"provider"`
	VendorName  string         `json:"vendorName"`
	Status      string         `json:"status"`
	Created     string         `json:"created"`
	LastUpdated string         `json:"lastUpdated"`
	Profile     map[string]any `json:"profile"`
	Links       factorLinks    `json:"_links"`
	Embedded    map[string]any `json:"_embedded,omitempty"`
}

type factorLinks struct {
	Self      hintedHref  `json:"self"`
	User      hintedHref  `json:"user"`
	Questions *hintedHref `json:"questions,omitempty"`
	Activate  *hintedHref `json:"activate,omitempty"`
	Verify    *hintedHref `json:"verify,omitempty"`
	Resend    *namedHref  `json:"resend,omitempty"`
}

// namedHref is one object, as Okta's management document says. Its guides show an array, which Okta's own SDKs refuse.
type namedHref struct {
	Name string `json:"name"`
	hintedHref
}

func (f *factor) wire(c *call) factorWire {
	user := c.base() + "/api/v1/users/" + f.userID
	self := user + "/factors/" + f.id
	w := factorWire{
		ID: f.id, FactorType: f.kind, Provider: f.provider, VendorName: vendorName(f.provider), Status: f.status,
		Created: stampText(f.created), LastUpdated: stampText(f.updated), Profile: f.profile,
		Links: factorLinks{Self: hinted(self, "GET", "DELETE"), User: hinted(user, "GET")},
	}
	to := func(address, method string) *hintedHref {
		link := hinted(address, method)
		return &link
	}
	switch {
	case f.kind == "question":
		w.Links.Questions = to(user+"/factors/questions", "GET")
	case f.status == "PENDING_ACTIVATION":
		w.Links.Activate = to(self+"/lifecycle/activate", "POST")
		if slices.Contains([]string{"sms", "call", "email"}, f.kind) {
			w.Links.Resend = &namedHref{Name: f.kind, hintedHref: hinted(self+"/resend", "POST")}
		}
		if f.kind == "push" || f.kind == "token:software:totp" {
			w.Embedded = map[string]any{"activation": map[string]any{
				"timeStep": 30, "sharedSecret": "JBSWY3DPEHPK3PXP", "encoding": "base32", "keyLength": 6,
				"_links": map[string]any{"qrcode": map[string]any{"href": self + "/qr/00simulated", "type": "image/png"}},
			}}
		}
	default:
		w.Links.Verify = to(self+"/verify", "POST")
	}
	return w
}

// factorUser answers 404 when the path names no one.
func (c *call) factorUser() *user {
	u := c.t.findUser(c.path("userId"))
	if u == nil {
		c.notFound(c.path("userId"), "User")
	}
	return u
}

// findFactor answers 404 for an unknown user or factor. A factor that the enrolment policy hides is still found by id.
func (c *call) findFactor() (*user, *factor) {
	u := c.factorUser()
	if u == nil {
		return nil, nil
	}
	find := c.t.factorsOf
	if c.r.Method != http.MethodGet {
		find = c.t.keepFactors
	}
	for _, f := range find(u.id) {
		if f.id == c.path("factorId") {
			return u, f
		}
	}
	c.notFound(c.path("factorId"), "UserFactor")
	return nil, nil
}

// listFactors shows only factors whose authenticator the user's enrolment policy allows: Okta documents that a NOT_ALLOWED
// authenticator's enrolment is invisible here.
func (c *call) listFactors() {
	u := c.factorUser()
	if u == nil {
		return
	}
	allowed := c.t.enrolmentOf(u)
	list := []any{}
	for _, f := range c.t.factorsOf(u.id) {
		if !hides(c.t.selfOf(allowed, f)) {
			list = append(list, f.wire(c))
		}
	}
	c.reply(http.StatusOK, list)
}

func (c *call) getFactor() {
	if _, f := c.findFactor(); f != nil {
		c.reply(http.StatusOK, f.wire(c))
	}
}

func (c *call) factorQuestions() {
	if c.factorUser() != nil {
		c.reply(http.StatusOK, questions)
	}
}

// factorCatalog lists what the user's policy lets the user enrol.
func (c *call) factorCatalog() {
	u := c.factorUser()
	if u == nil {
		return
	}
	allowed := c.t.enrolmentOf(u)
	list := []any{}
	for _, k := range factorKinds {
		f := factor{kind: k.kind, provider: k.provider}
		self := c.t.selfOf(allowed, &f)
		if hides(self) {
			continue
		}
		status := "NOT_SETUP"
		for _, have := range c.t.factorsOf(u.id) {
			if have.kind == k.kind && have.provider == k.provider {
				status = have.status
			}
		}
		list = append(list, map[string]any{
			"factorType": k.kind, "provider": k.provider, "vendorName": vendorName(k.provider), "status": status,
			"enrollment": self,
			"_links":     map[string]any{"enroll": hinted(c.base()+"/api/v1/users/"+u.id+"/factors", "POST")},
		})
	}
	c.reply(http.StatusOK, list)
}

type factorInput struct {
	FactorType string         `json:"factorType"`
	Provider   string         `json:"provider"`
	Profile    map[string]any `json:"profile"`
}

// enrollFactor answers 200, pending unless the type or activate=true makes it active at once.
func (c *call) enrollFactor() {
	u := c.factorUser()
	if u == nil {
		return
	}
	var in factorInput
	if !c.body(&in) {
		return
	}
	if u.status == statusDeprovisioned {
		c.fail(http.StatusForbidden, codeUserStatus, "This operation is not allowed in the user's current status.")
		return
	}
	if in.Provider == "" {
		in.Provider = "OKTA"
	}
	if problem := c.enrolProblem(u, &in); problem != "" {
		c.invalid("factorEnrollRequest", problem)
		return
	}
	f := &factor{
		id: c.t.newID(factorPrefix(in.FactorType)), userID: u.id, kind: in.FactorType, provider: in.Provider,
		status: "PENDING_ACTIVATION", created: c.now, updated: c.now, profile: in.Profile,
	}
	if f.profile == nil {
		f.profile = map[string]any{}
	}
	now := c.query().Get("activate") == "true" && slices.Contains([]string{"sms", "call", "email", "token:hotp"}, f.kind)
	if f.kind == "question" {
		f.setQuestion(in.Profile)
		now = true
	}
	if f.kind == "push" || f.kind == "token:software:totp" {
		f.profile["credentialId"] = u.email()
	}
	c.t.mfa.factors[u.id] = append(c.t.keepFactors(u.id), f)
	if now || f.kind == "token:hardware" || f.kind == "token" {
		c.activate(u, f)
	}
	c.reply(http.StatusOK, f.wire(c))
}

func (c *call) enrolProblem(u *user, in *factorInput) string {
	i := slices.IndexFunc(factorKinds, func(k struct{ kind, provider, need string }) bool {
		return k.kind == in.FactorType && k.provider == in.Provider
	})
	if i < 0 {
		return "factorType " + in.FactorType + " of provider " + in.Provider + " cannot be enrolled through the API"
	}
	f := factor{kind: in.FactorType, provider: in.Provider}
	if hides(c.t.selfOf(c.t.enrolmentOf(u), &f)) {
		return "the factor is not allowed by the user's enrollment policy"
	}
	if need := factorKinds[i].need; need != "" && in.Profile[need] == nil {
		return need + ": The field cannot be left blank"
	}
	if phone, ok := in.Profile["phoneNumber"].(string); factorKinds[i].need == "phoneNumber" &&
		(!ok || !e164.MatchString(phone)) {
		return "Invalid Phone Number."
	}
	if in.FactorType == "question" {
		if answer, _ := in.Profile["answer"].(string); len(answer) < 4 {
			return "answer: must be at least 4 characters long"
		}
		if !isQuestion(in.Profile["question"]) {
			return "question: Invalid security question."
		}
	}
	for _, have := range c.t.factorsOf(u.id) {
		if have.kind == in.FactorType && have.provider == in.Provider && have.status == statusActive &&
			in.FactorType != "webauthn" {
			return "Factor already exists."
		}
	}
	return ""
}

func isQuestion(v any) bool {
	return slices.ContainsFunc(questions, func(q question) bool { return q.Question == v })
}

// setQuestion keeps the answer out of the profile: Okta never shows it again.
func (f *factor) setQuestion(profile map[string]any) {
	f.answer, _ = profile["answer"].(string)
	for _, q := range questions {
		if q.Question == profile["question"] {
			f.profile = map[string]any{"question": q.Question, "questionText": q.Text}
		}
	}
}

func (c *call) updateQuestion() {
	u, f := c.findFactor()
	if f == nil {
		return
	}
	var in factorInput
	if !c.body(&in) {
		return
	}
	answer, _ := in.Profile["answer"].(string)
	if f.kind != "question" || len(answer) < 4 || !isQuestion(in.Profile["question"]) {
		c.invalid("factorEnrollRequest", "only the question and answer of a question factor can be updated")
		return
	}
	f.setQuestion(in.Profile)
	f.updated = c.now
	c.event("user.mfa.factor.update", eventDetail{
		Targets: []logTarget{u.target()},
		Debug:   map[string]any{"factor": f.eventName()},
	})
	c.reply(http.StatusOK, f.wire(c))
}
