package batch_test

import (
	"time"

	"okta-entitlements-mcp/internal/oktasim"
)

// effects are all the ways in which a call goes wrong and a later one may go well.
func effects() []oktasim.Fault {
	const longStall = 10 * time.Minute
	return []oktasim.Fault{
		{Effect: oktasim.EffectWindow429}, {Effect: oktasim.EffectConcurrency429},
		{Effect: oktasim.Effect500}, {Effect: oktasim.Effect500, Acted: true},
		{Effect: oktasim.Effect502}, {Effect: oktasim.Effect502, Acted: true},
		{Effect: oktasim.Effect503}, {Effect: oktasim.Effect503, Acted: true},
		{Effect: oktasim.Effect504}, {Effect: oktasim.Effect504, Acted: true},
		{Effect: oktasim.EffectRefuse}, {Effect: oktasim.EffectReset}, {Effect: oktasim.EffectLoseReply}, {Effect: oktasim.EffectTruncate},
		{Effect: oktasim.EffectHTML}, {Effect: oktasim.EffectHTML, Acted: true},
		{Effect: oktasim.EffectStall, Duration: longStall}, {Effect: oktasim.EffectStall, Duration: longStall, Acted: true},
		{Effect: oktasim.EffectBare}, {Effect: oktasim.EffectBare, Acted: true},
		{Effect: oktasim.EffectOther}, {Effect: oktasim.EffectOther, Acted: true},
		{Effect: oktasim.EffectDrip},
		{Effect: oktasim.EffectExpireToken},
	}
}

// disturbances are the effects and what happens to reads only.
func disturbances() []oktasim.Fault {
	return append(effects(), oktasim.Fault{Effect: oktasim.EffectStaleList, Duration: 20 * time.Second})
}

func effectNames() []string {
	var names []string
	for _, f := range effects() {
		names = append(names, string(f.Effect))
	}
	return names
}
