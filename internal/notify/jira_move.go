package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ctreminiom/go-atlassian/v2/pkg/infra/models"

	"okta-entitlements-mcp/internal/untrusted"
)

// reopen moves an issue back and says why. What the ticket says is brought up to date on the way.
func (r *run) reopen(ctx context.Context, t Ticket, v view, want draft) {
	result := Result{Key: t.Key, ID: v.key, URL: r.url(v.key)}
	r.done(result, Reopened,
		func() error {
			return r.move(ctx, t.Key, v, false, "Reopened: the audit finds again what this ticket is about.")
		},
		func() error {
			v.done = false
			if says(v, want) {
				return nil
			}
			return r.update(ctx, t, v)
		})
}

// settle closes the ticket of what has been put right. A ticket that is closed already, or was never made, needs nothing.
func (r *run) settle(ctx context.Context, key, why string) {
	v, err := r.see(ctx, key, func(v view) bool { return !v.done })
	result := Result{Key: key, ID: v.key, URL: r.url(v.key)}
	switch {
	case err != nil && (v.there || r.known(key)):
		r.fail(result, err)
	case err != nil || !v.there:
	case v.done:
		if !r.wanted.DryRun {
			e := r.ledger.entries[key]
			e.Key, e.Issue, e.Closed, e.Content, e.Intent = key, v.key, true, v.labelled(contentPrefix), time.Time{}
			if err := r.note(e); err != nil {
				r.fail(result, err)
			} else if err := r.payComment(ctx, key, v.issue); err != nil {
				r.j.log.Warn("a closed ticket still lacks its comment; the next run adds it", "issue", v.key, "error", err.Error())
			}
		}
	default:
		if why = untrusted.New(why).Show(mostLine); why == "" {
			why = "what this ticket is about has been put right."
		}
		r.done(result, Closed, func() error { return r.move(ctx, key, v, true, "Closed: "+why) })
	}
}

// known reports whether a key has an issue that may be open, as far as search and ledger show.
func (r *run) known(key string) bool {
	e := r.ledger.entries[key]
	i, listed := r.found[digest(r.wanted.Set, key)]
	return listed && !i.done || e.Issue != "" && !e.Closed
}

// owedError is about a comment alone: the transition did happen.
type owedError struct{ cause error }

func (e *owedError) Unwrap() error { return e.cause }
func (e *owedError) Error() string {
	return "the ticket was moved, its comment is to follow in the next run: " + e.cause.Error()
}

// move carries out a transition, then comments. The comment is written down before, so that a run that dies in between
// leaves no ticket without its reason. Jira adds a comment within the transition only where the transition has a screen for
// it, so it goes apart.
func (r *run) move(ctx context.Context, key string, v view, close bool, why string) error {
	transition, err := r.transition(ctx, v.key, close)
	if err != nil {
		return err
	}
	e := r.ledger.entries[key]
	e.Key, e.Issue, e.Intent, e.Closed, e.Content = key, v.key, time.Time{}, v.done, v.labelled(contentPrefix)
	e.Owes, e.OwesAt = why, close
	if err := r.note(e); err != nil {
		return err
	}
	resolution := ""
	if close {
		resolution = r.j.o.Resolution
	}
	err = r.j.site.move(ctx, v.key, transition, resolution)
	r.watch(ctx, err)
	if err != nil && mayHaveHappened(err) {
		if now, look := r.j.site.get(ctx, v.key); look == nil && now.done == close {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	e.Closed = close
	if err := r.note(e); err != nil {
		return err
	}
	v.done = close
	if err := r.payComment(ctx, key, v.issue); err != nil {
		return &owedError{err}
	}
	return nil
}

// payComment posts the comment that is owed, unless it is there or the issue has been moved again since.
func (r *run) payComment(ctx context.Context, key string, i issue) error {
	e := r.ledger.entries[key]
	if e.Owes == "" {
		return nil
	}
	if i.done == e.OwesAt {
		last, err := r.j.site.lastComment(ctx, i.key)
		if err != nil {
			return err
		}
		if last != r.j.site.sameComment(e.Owes) {
			err := r.j.site.comment(ctx, i.key, e.Owes)
			r.watch(ctx, err)
			if err != nil {
				return err
			}
		}
	}
	e.Owes, e.OwesAt = "", false
	return r.note(e)
}

// transition finds the way to a status of the wanted category, by name when one is set.
func (r *run) transition(ctx context.Context, id string, close bool) (string, error) {
	list, err := r.j.site.transitions(ctx, id)
	if err != nil {
		r.watch(ctx, err)
		return "", err
	}
	named, setting := r.j.o.ReopenTransition, "reopening"
	if close {
		named, setting = r.j.o.CloseTransition, "closing"
	}
	var names []string
	for _, t := range list {
		names = append(names, untrusted.New(t.Name).Show(untrusted.Name))
		if named != "" && strings.EqualFold(t.Name, named) || named == "" && leadsTo(t, close) {
			return t.ID, nil
		}
	}
	return "",
		fmt.Errorf("move %s: the workflow offers no transition for %s from its status; there are: %s; set "+
			"the name of the right one, or give the account the permission", id, setting, strings.Join(names, ", "))
}

func leadsTo(t *models.IssueTransitionScheme, done bool) bool {
	return t.To != nil && t.To.StatusCategory != nil && (t.To.StatusCategory.Key == "done") == done
}
