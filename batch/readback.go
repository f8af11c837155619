package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// A CUSTOM grant replaces what its user has. Another writer that has read before our grant showed in Okta's lists, and
// writes after it, takes our values away, and we may take its. No lock reaches beyond STATE_DIR, so every CUSTOM grant is
// read back: once it must show in Okta's lists, and once whatever another writer may have decided before that must, too.

// ripe is how long after a grant it is read back: another writer may not have seen it for the first SettleAfter, and what
// that one wrote then shows after the second.
func (e *Engine) ripe() time.Duration { return 2 * e.opts.SettleAfter }

const (
	leastWave = 200 // chains between two looks at Okta
	mostWaves = 10  // looks of a large run
)

// waves carries out what is left of a custom-merge plan, and reads the grants back that are ripe between two waves.
func (r *run) waves(ctx context.Context) error {
	size := max(leastWave, (len(r.pending)+mostWaves-1)/mostWaves)
	for wave := range slices.Chunk(r.pending, size) {
		if err := r.readBackRipe(ctx); err != nil || r.stopped() {
			return err
		}
		if err := r.all(ctx, wave); err != nil || r.stopped() {
			return err
		}
	}
	return nil
}

// replacing reports whether an operation is a grant that replaces others.
func (r *run) replacing(i int) bool {
	op := &r.plan.Ops[i]
	return op.Kind == plan.KindCreateGrant && op.GrantType == oktaclient.GrantCustom
}

// unread lists the CUSTOM grants that were made and not read back, those of earlier runs of the plan among them.
func (r *run) unread() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var open []int
	for i := range r.memories {
		m := &r.memories[i]
		if r.replacing(i) && m.result.Outcome == Created && m.began.IsZero() && m.ended.After(r.readUntil[i]) {
			open = append(open, i)
		}
	}
	return open
}

// readBackRipe reads the grants back that are old enough.
func (r *run) readBackRipe(ctx context.Context) error {
	return r.readBackGrants(ctx, slices.DeleteFunc(r.unread(), func(i int) bool {
		return time.Since(r.endOf(i)) < r.engine.ripe()
	}))
}

// readBackRest waits until all grants are old enough, and reads back what is left.
func (r *run) readBackRest(ctx context.Context) error {
	open := r.unread()
	if len(open) == 0 {
		return nil
	}
	var last time.Time
	for _, i := range open {
		if at := r.endOf(i); at.After(last) {
			last = at
		}
	}
	r.live.Enter("waiting to read the grants back")
	if err := wait.For(ctx, min(time.Until(last.Add(r.engine.ripe())), r.engine.ripe())); err != nil {
		return err
	}
	r.live.Enter("reading the grants back")
	return r.readBackGrants(ctx, open)
}

func (r *run) endOf(i int) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.memories[i].ended
}

// readBackGrants compares what the users of some grants have with what the grants carried. Whoever lacks something is
// read again once lists must have caught up, so that one list that is behind accuses no one.
func (r *run) readBackGrants(ctx context.Context, ops []int) error {
	if len(ops) == 0 {
		return nil
	}
	began := time.Now()
	robbed, err := r.robbed(ctx, ops)
	if err != nil {
		return err
	}
	if len(robbed) > 0 {
		if err := wait.For(ctx, r.engine.opts.SettleAfter); err != nil {
			return err
		}
		if robbed, err = r.robbed(ctx, robbed); err != nil {
			return err
		}
	}
	for _, i := range robbed {
		if err := r.note(i, r.lacks[i]); err != nil {
			return err
		}
	}
	r.mu.Lock()
	for _, i := range ops {
		r.readUntil[i] = began
	}
	r.mu.Unlock()
	r.accuse(robbed)
	return nil
}

// robbed lists the operations whose users lack something that their grant carried, with what they lack in r.lacks.
func (r *run) robbed(ctx context.Context, ops []int) ([]int, error) {
	users := make([]string, len(ops))
	for at, i := range ops {
		users[at] = r.plan.Ops[i].UserID
	}
	held, err := plan.ReadHoldings(ctx, r.okta, r.plan.App.ID, users)
	for more := r.patience(); more.again(ctx, &err); {
		held, err = plan.ReadHoldings(ctx, r.okta, r.plan.App.ID, users)
	}
	if err != nil {
		return nil, unreadable(ctx, err)
	}
	var robbed []int
	for _, i := range ops {
		if result, robs := r.judge(i, held[r.plan.Ops[i].UserID]); robs {
			r.lacks[i] = result
			robbed = append(robbed, i)
		}
	}
	return robbed, nil
}

// judge compares what a user has with what their grant carried.
func (r *run) judge(i int, has *plan.Holding) (Result, bool) {
	op := &r.plan.Ops[i]
	var had, added []string
	for _, e := range op.Grant {
		for _, v := range e.Values {
			switch {
			case has.Has(v):
			case slices.Contains(op.Adds, v):
				added = append(added, v)
			default:
				had = append(had, v)
			}
		}
	}
	result := Result{Outcome: Failed, ID: r.resultOf(i).ID, Request: r.resultOf(i).Request}
	switch {
	case len(had) > 0:
		result.Code = string(trouble.AccessLost)
		result.Error = "had " + r.named(had) + " before this run and lacks it now: someone else replaced the user's grants, or took it away"
	case len(added) > 0:
		result.Code = string(trouble.Overwritten)
		result.Error = "was granted " + r.named(added) + " and lacks it now: someone else replaced the user's grants, or took it away"
	default:
		return Result{}, false
	}
	return result, true
}

// named shows the first of some values.
func (r *run) named(values []string) string {
	const most = 3
	shown := strings.Join(values[:min(most, len(values))], ", ")
	if len(values) > most {
		shown += fmt.Sprintf(" and %d more", len(values)-most)
	}
	return "value " + shown
}

// accuse ends the run when someone lacks what a grant carried, and names them.
func (r *run) accuse(robbed []int) {
	if len(robbed) == 0 {
		return
	}
	lost := 0
	var users []string
	for _, i := range robbed {
		if r.lacks[i].Code == string(trouble.AccessLost) {
			lost++
		}
		if len(users) < shownErrors {
			users = append(users, r.plan.Ops[i].UserID)
		}
	}
	stop := Stop{
		Code: trouble.Overwritten,
		What: fmt.Sprintf("%d users lack again what this run granted: %s", len(robbed), strings.Join(users, ", ")),
		Next: "another program or person writes to this application; let one at a time do so, then plan again " +
			"(report.csv has every row)",
	}
	if lost > 0 {
		stop.Code = trouble.AccessLost
		stop.What = fmt.Sprintf("%d users lack access that they had before this run, %d lack again what it granted: %s",
			lost, len(robbed)-lost, strings.Join(users, ", "))
		stop.Next = "give back in the Admin Console what report.csv names for them; another program or person writes to this " +
			"application: let one at a time do so, then plan again"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop = &stop // more than whatever ended the run before
}

// mayReadBack reports whether grants are read back now: also after a run that stopped by itself, unless what stopped it
// keeps Okta from being read.
func (r *run) mayReadBack(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == nil {
		return ctx.Err() == nil
	}
	return slices.Contains([]trouble.Code{trouble.RingMismatch, trouble.ErrorRate, trouble.AccessLost, trouble.Overwritten}, r.stop.Code)
}

// unreadable says what to do when Okta does not show what a run must see.
func unreadable(ctx context.Context, err error) error {
	if err == nil || stopFor(ctx, err) != nil {
		return err
	}
	return &trouble.Error{
		Code: trouble.OktaUnreadable,
		What: err.Error(),
		Next: "apply the plan again; it goes on where it stopped",
		Err:  err,
	}
}

// alreadyRead takes from the summary of an earlier run what was read back then. Summaries of versions that did not read
// back speak for what they had ended with.
func (r *run) alreadyRead() {
	earlier, err := r.engine.ReadSummary(r.plan.ID)
	if err != nil {
		return // it never ran to an end, so nothing was
	}
	until := earlier.ReadBack
	if until.IsZero() && earlier.Ended == EndedComplete {
		until = earlier.Finished
	}
	for i := range r.memories {
		if r.replacing(i) {
			r.readUntil[i] = until
		}
	}
}

// readBackSince is the moment until which every CUSTOM grant was read back, zero when there is none.
func (r *run) readBackSince() time.Time {
	var last time.Time
	open := r.unread()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, until := range r.readUntil {
		if m := &r.memories[i]; m.result.Outcome == Created && until.After(last) {
			last = until
		}
	}
	for _, i := range open {
		if at := r.memories[i].ended.Add(-1); at.Before(last) {
			last = at
		}
	}
	return last.UTC()
}

// Doubled is a user who holds values through a grant of this run and through another one: both wrote at once, and neither
// saw the other. It takes nothing from anyone, but neither grant can be taken back by value.
type Doubled struct {
	UserID string   `json:"user_id"`
	Values []string `json:"values"`
	Grants []string `json:"grants"`
}

// How many users of a run are looked at for values held twice: all of a run of this size, and of a larger one a few,
// which shows two installations at work and costs a large import no more than seconds.
const (
	doubledAll    = 1000
	doubledSample = 3
)

// spread picks n of some users, evenly.
func spread(users []string, n int) []string {
	picked := make([]string, n)
	for i := range picked {
		picked[i] = users[i*len(users)/n]
	}
	return picked
}

// findDoubled looks, once the last grant is made, for values of this run that another grant gives too. Lists may lag, so a
// doubled value may show later only: planning and undo meet it then. A run does not fail because this cannot be read.
func (r *run) findDoubled(ctx context.Context) error {
	if r.plan.Stage != plan.StageGrants || r.plan.Mode == plan.ModeCustomMerge {
		return nil
	}
	made := map[string]int{}
	var users []string
	for i := range r.plan.Ops {
		if op := &r.plan.Ops[i]; op.Kind == plan.KindCreateGrant && r.resultOf(i).Outcome == Created {
			made[op.UserID] = i
			users = append(users, op.UserID)
		}
	}
	if len(users) == 0 {
		return nil
	}
	grants, err := map[string][]oktaclient.Grant{}, error(nil)
	if len(users) <= doubledAll {
		grants, err = plan.ReadGrants(ctx, r.okta, r.plan.App.ID, users)
	} else {
		users = spread(users, doubledSample)
		for at := 0; at < len(users) && err == nil; at++ {
			grants[users[at]], err = plan.GrantsOf(ctx, r.okta, r.plan.App.ID, users[at])
		}
	}
	if err != nil {
		r.engine.opts.Log.Warn("values held twice were not looked for", "error", err)
		return nil
	}
	r.doubledSeen = len(users)
	for _, user := range users {
		r.double(user, r.resultOf(made[user]).ID, r.plan.Ops[made[user]].Adds, grants[user])
	}
	return nil
}

// double notes a user whose values come from the grant of this run and from another one.
func (r *run) double(user, own string, adds []string, grants []oktaclient.Grant) {
	found := Doubled{UserID: user}
	for _, v := range adds {
		var holders []string
		for _, g := range grants {
			if g.Action != "DENY" && plan.HoldingOf([]oktaclient.Grant{g}).Has(v) {
				holders = append(holders, g.ID)
			}
		}
		if len(holders) < 2 || !slices.Contains(holders, own) {
			continue
		}
		found.Values = append(found.Values, v)
		for _, id := range holders {
			if !slices.Contains(found.Grants, id) {
				found.Grants = append(found.Grants, id)
			}
		}
	}
	if len(found.Values) == 0 {
		return
	}
	r.doubledTotal++
	if len(r.doubled) < shownErrors {
		r.doubled = append(r.doubled, found)
	}
}
