package oktasim

import (
	"maps"
	"slices"
)

// classicNames are the factors that a Classic Engine policy speaks of, in the order in which the tenant shows them.
var classicNames = slices.Sorted(maps.Keys(orgFactors))

// switchOf names the factor as Classic Engine's policies and switches do; a type that they do not know gives the type itself.
func (f *factor) switchOf() string {
	for _, name := range classicNames {
		if facts := orgFactors[name]; facts[0] == f.kind && facts[1] == f.provider {
			return name
		}
	}
	return f.kind
}

// classicSetting is what a Classic Engine policy says of one factor. Consent is always NONE here.
type classicSetting struct {
	Enroll  map[string]any    `json:"enroll"`
	Consent map[string]string `json:"consent"`
}

// classicSettings writes a policy's settings as Classic Engine does: by factor instead of by authenticator.
func (p *policy) classicSettings() map[string]any {
	factors := map[string]classicSetting{}
	for _, name := range classicNames {
		enroll := map[string]any{"self": enrollNotAllowed}
		if i := slices.IndexFunc(p.enrol, func(e enrolSetting) bool { return e.Key == name }); i >= 0 {
			enroll = p.enrol[i].Enroll
		}
		factors[name] = classicSetting{Enroll: enroll, Consent: map[string]string{"type": "NONE"}}
	}
	return map[string]any{"type": "FACTORS", "factors": factors}
}

// fromClassic turns the settings of a Classic Engine policy into the tenant's own, and says what is wrong with them.
func (in *policyInput) fromClassic() (problems []string) {
	in.Settings.Authenticators = nil
	for _, name := range slices.Sorted(maps.Keys(in.Settings.Factors)) {
		s := enrolSetting{Key: name, Enroll: in.Settings.Factors[name].Enroll}
		if _, known := orgFactors[name]; !known {
			problems = append(problems, "settings.factors: no factor "+name)
		}
		if !slices.Contains([]string{enrollNotAllowed, enrollOptional, enrollRequired}, s.self()) {
			problems = append(problems, "settings.factors.enroll.self: NOT_ALLOWED, OPTIONAL or REQUIRED")
		}
		in.Settings.Authenticators = append(in.Settings.Authenticators, s)
	}
	return problems
}
