package oktasim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one operation of the API.
type route struct {
	method, pattern, scope string
	handler                func(*call)
	names                  []string // of the path's parameters, in order
}

// router finds routes by path segments, literal segments first. It decodes each segment by itself, so that an ORN arrives
// the same with raw colons and with %3A, and a slash inside a login does not split it.
type router struct{ root node }

type node struct {
	literal map[string]*node
	param   *node
	routes  map[string]*route
}

// add panics on a route that is there already: that is a mistake in this package.
func (rt *router) add(r *route) {
	n := &rt.root
	for _, segment := range segments(r.pattern) {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			r.names = append(r.names, strings.TrimSuffix(name, "}"))
			if n.param == nil {
				n.param = &node{}
			}
			n = n.param
			continue
		}
		if n.literal == nil {
			n.literal = map[string]*node{}
		}
		if n.literal[segment] == nil {
			n.literal[segment] = &node{}
		}
		n = n.literal[segment]
	}
	if n.routes == nil {
		n.routes = map[string]*route{}
	}
	if n.routes[r.method] != nil {
		panic("oktasim: two routes for " + r.method + " " + r.pattern)
	}
	n.routes[r.method] = r
}

// find returns the route and the decoded path values. A path that exists for other methods only gives their names.
func (rt *router) find(method, escapedPath string) (r *route, values map[string]string, allowed []string) {
	var parts []string
	for _, s := range segments(escapedPath) {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, nil, nil
		}
		parts = append(parts, decoded)
	}
	n, found := rt.root.walk(parts, nil)
	if n == nil {
		return nil, nil, nil
	}
	r = n.routes[method]
	if r == nil && method == http.MethodHead {
		r = n.routes[http.MethodGet]
	}
	if r == nil {
		for m := range n.routes {
			allowed = append(allowed, m)
		}
		slices.Sort(allowed)
		return nil, nil, allowed
	}
	values = make(map[string]string, len(found))
	for i, name := range r.names {
		values[name] = found[i]
	}
	return r, values, nil
}

func (n *node) walk(parts, found []string) (*node, []string) {
	if len(parts) == 0 {
		if len(n.routes) == 0 {
			return nil, nil
		}
		return n, found
	}
	if next := n.literal[parts[0]]; next != nil {
		if end, f := next.walk(parts[1:], found); end != nil {
			return end, f
		}
	}
	if n.param != nil && parts[0] != "" {
		return n.param.walk(parts[1:], append(slices.Clone(found), parts[0]))
	}
	return nil, nil
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }
