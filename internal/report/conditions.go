package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// Condition is one comparison of a figure of an audit with a number, such as not_enrolled>0.
type Condition struct {
	Name  string  // one of ConditionNames, with "admins." before it for admins alone
	Op    string  // >, >=, <, <=, =, !=
	Value float64 // a count, or a share of 0 to 1
	text  string
}

// Conditions are comparisons of which none may be met if a run is to succeed.
type Conditions []Condition

// Answer says how a condition turned out.
type Answer string

// The answers.
const (
	Met         Answer = "met"
	NotMet      Answer = "not_met"
	NotKnowable Answer = "not_known" // the audit does not give the figure: no rate below the coverage bound, no admins without roles
)

// Check is a condition held against an audit.
type Check struct {
	Condition string `json:"condition"`
	Answer    Answer `json:"answer"`
	Text      string `json:"text"` // with the numbers, in words
}

// figure is a number of an audit that a condition can name. Value's second result says why there is none, "" when there is.
type figure struct {
	name  string
	value func(*mfa.Summary) (float64, string)
}

const adminPrefix = "admins."

// tallyFigures are counts of a group of people: of all, or of admins.
var tallyFigures = []struct {
	name  string
	value func(*mfa.Tally) int
}{
	{"total_users", func(t *mfa.Tally) int { return t.Total }},
	{"enrolled", func(t *mfa.Tally) int { return t.Enrolled }},
	{"without_mfa", func(t *mfa.Tally) int { return t.NotEnroll }},
	{"failing", func(t *mfa.Tally) int { return failing(t) }},
	{"not_enrolled", func(t *mfa.Tally) int { return t.ByVerdict[mfa.NotEnrolled] }},
	{"weak_only", func(t *mfa.Tally) int { return t.ByVerdict[mfa.WeakOnly] }},
	{"in_grace", func(t *mfa.Tally) int { return t.ByVerdict[mfa.InGrace] }},
	{"exempt", func(t *mfa.Tally) int { return t.ByVerdict[mfa.Exempt] }},
	{"unreadable", func(t *mfa.Tally) int { return t.ByVerdict[mfa.Unreadable] }},
	{"unknown", func(t *mfa.Tally) int { return t.ByVerdict[mfa.Undecided] }},
	{"compliant", func(t *mfa.Tally) int { return t.ByVerdict[mfa.Compliant] }},
	{"phishing_resistant", func(t *mfa.Tally) int { return t.ByStrength[mfa.Resistant] }},
	{"strong_phishable", func(t *mfa.Tally) int { return t.ByStrength[mfa.Phishable] }},
	{"weak", func(t *mfa.Tally) int { return t.ByStrength[mfa.Weak] }},
}

// wholeFigures are of the audit as a whole.
var wholeFigures = []figure{
	{"coverage", func(s *mfa.Summary) (float64, string) { return s.Coverage.Share, "" }},
	{"single_method", func(s *mfa.Summary) (float64, string) { return float64(s.Single), "" }},
	{"sources_disagree", func(s *mfa.Summary) (float64, string) { return float64(s.Disagree), "" }},
	{"regressed", func(s *mfa.Summary) (float64, string) {
		return changed(s, func(c *mfa.Change) int { return c.Regressed })
	}},
	{"new_failing", func(s *mfa.Summary) (float64, string) {
		return changed(s, func(c *mfa.Change) int { return c.NewFail })
	}},
	{"cache_error", func(s *mfa.Summary) (float64, string) {
		if s.Sample == nil {
			return 0, "" // nothing was taken from the cache, so nothing of it can be wrong
		}
		return s.Sample.Rate, ""
	}},
}

// changed reads the change since the audit before. The first audit has none: nothing regressed.
func changed(s *mfa.Summary, read func(*mfa.Change) int) (float64, string) {
	if s.Change == nil {
		return 0, ""
	}
	return float64(read(s.Change)), ""
}

// failing counts who must act now.
func failing(t *mfa.Tally) int { return t.ByVerdict[mfa.NotEnrolled] + t.ByVerdict[mfa.WeakOnly] }

func rate(t *mfa.Tally) (float64, string) {
	switch {
	case t.Rate != nil:
		return *t.Rate, ""
	case t.Total == 0:
		return 0, "there is no one to count"
	default:
		return 0, "no rate is given, since coverage is below the bound or no one could be judged"
	}
}

// figures returns every number that a condition can name, in the order in which they are listed for people.
func figures() []figure {
	var all []figure
	for _, f := range tallyFigures {
		all = append(all, figure{f.name, func(s *mfa.Summary) (float64, string) { return float64(f.value(&s.Tally)), "" }})
	}
	all = append(all, figure{"rate", func(s *mfa.Summary) (float64, string) { return rate(&s.Tally) }})
	all = append(all, wholeFigures...)
	for _, f := range tallyFigures {
		all = append(all, figure{adminPrefix + f.name, ofAdmins(func(t *mfa.Tally) (float64, string) { return float64(f.value(t)), "" })})
	}
	return append(all, figure{adminPrefix + "rate", ofAdmins(rate)})
}

// ofAdmins reads a figure of the admins, who may be unknown.
func ofAdmins(read func(*mfa.Tally) (float64, string)) func(*mfa.Summary) (float64, string) {
	return func(s *mfa.Summary) (float64, string) {
		if !s.AdminsKnown {
			return 0, "the admin roles could not be read"
		}
		return read(&s.Admins)
	}
}

// ConditionNames lists the figures that a condition may name. Counts by verdict leave out who is in grace or exempt;
// without_mfa has them in. Every count and rate is there again for admins alone, as admins.NAME.
func ConditionNames() []string {
	var names []string
	for _, f := range figures() {
		names = append(names, f.name)
	}
	return names
}

// operators has the longer ones first, so that >= is not read as >.
var operators = []string{">=", "<=", "!=", "==", ">", "<", "="}

// ParseConditions reads comparisons separated by commas, such as "not_enrolled>0, admins.weak_only>=1, rate<0.95". Shares may be
// written as 0.95 or 95%. An empty text has no conditions. An unknown name is refused with the names that there are.
func ParseConditions(text string) (Conditions, error) {
	var out Conditions
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for _, piece := range strings.Split(text, ",") {
		c, err := parseCondition(strings.TrimSpace(piece))
		if err != nil {
			return nil, fmt.Errorf("read condition %q: %w", untrusted.New(piece).Show(untrusted.Name), err)
		}
		out = append(out, c)
	}
	return out, nil
}

func parseCondition(s string) (Condition, error) {
	at := strings.IndexAny(s, "<>=!")
	if at < 0 {
		return Condition{}, fmt.Errorf("there is no comparison in it; write a name, one of > >= < <= = !=, and a number, such as not_enrolled>0")
	}
	c := Condition{Name: strings.TrimSpace(s[:at])}
	for _, op := range operators {
		if strings.HasPrefix(s[at:], op) {
			c.Op = op
			break
		}
	}
	if c.Op == "" {
		return Condition{}, fmt.Errorf("the comparison is not one of > >= < <= = !=")
	}
	if !slices.Contains(ConditionNames(), c.Name) {
		return Condition{}, fmt.Errorf("there is no figure of that name; the names are %s", strings.Join(ConditionNames(), ", "))
	}
	value, err := parseValue(strings.TrimSpace(s[at+len(c.Op):]))
	if err != nil {
		return Condition{}, err
	}
	if share(c.Name) && value > 1 {
		return Condition{}, fmt.Errorf("%s is a share of 0 to 1; write 0.95 or 95%%", c.Name)
	}
	c.Value = value
	if c.Op == "==" {
		c.Op = "="
	}
	c.text = c.Name + c.Op + strconv.FormatFloat(c.Value, 'f', -1, 64)
	return c, nil
}

func parseValue(s string) (float64, error) {
	digits, isPercent := strings.CutSuffix(s, "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) || value < 0 {
		return 0, fmt.Errorf("what follows the comparison is not a number of 0 or more")
	}
	if isPercent {
		value /= 100
	}
	return value, nil
}

// share reports whether a figure is a share of 0 to 1.
func share(name string) bool {
	return slices.Contains([]string{"rate", "coverage", "cache_error"}, strings.TrimPrefix(name, adminPrefix))
}

// String writes the condition as ParseConditions reads it.
func (c Condition) String() string { return c.text }

// Check holds every condition against an audit, in their order.
func (cs Conditions) Check(s mfa.Summary) []Check {
	all := figures()
	var out []Check
	for _, c := range cs {
		at := slices.IndexFunc(all, func(f figure) bool { return f.name == c.Name })
		if at < 0 {
			out = append(out, Check{c.String(), NotKnowable, "there is no figure of that name"})
			continue
		}
		value, why := all[at].value(&s)
		out = append(out, c.judge(value, why))
	}
	return out
}

func (c Condition) judge(value float64, why string) Check {
	if why != "" {
		return Check{c.String(), NotKnowable, fmt.Sprintf("%s cannot be judged: %s", c, why)}
	}
	shown := strconv.FormatFloat(value, 'f', -1, 64)
	if c.holds(value) {
		return Check{c.String(), Met, fmt.Sprintf("%s is met: %s is %s", c, c.Name, shown)}
	}
	return Check{c.String(), NotMet, fmt.Sprintf("%s is not met: %s is %s", c, c.Name, shown)}
}

func (c Condition) holds(value float64) bool {
	switch c.Op {
	case ">":
		return value > c.Value
	case ">=":
		return value >= c.Value
	case "<":
		return value < c.Value
	case "<=":
		return value <= c.Value
	case "=":
		return value == c.Value
	default:
		return value != c.Value
	}
}

// Failed returns the checks for which a run must fail: the met ones, and those that no one can answer, since a figure that is
// missing proves nothing.
func Failed(checks []Check) []Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c Check) bool { return c.Answer == NotMet })
}
