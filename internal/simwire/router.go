package simwire

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Router finds what serves a request by method and path segments, literal segments first. It decodes each segment by itself, so that an ORN
// arrives the same with raw colons and with %3A, and a slash inside a login does not split it. The zero value has no routes.
type Router[V any] struct{ root node[V] }

// Match is a route that was found.
type Match[V any] struct {
	Value   V
	Pattern string
	Values  map[string]string // the path's parameters, decoded
}

type route[V any] struct {
	value   V
	pattern string
	names   []string // of the path's parameters, in order
}

type node[V any] struct {
	literal map[string]*node[V]
	param   *node[V]
	routes  map[string]*route[V] // by method
}

// Add registers a value for a method and a pattern such as "/api/v1/users/{id}". It panics on a route that is there
// already: that is a mistake in a service's table.
func (rt *Router[V]) Add(method, pattern string, value V) {
	r := &route[V]{value: value, pattern: pattern}
	n := &rt.root
	for _, segment := range segments(pattern) {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			r.names = append(r.names, strings.TrimSuffix(name, "}"))
			if n.param == nil {
				n.param = &node[V]{}
			}
			n = n.param
			continue
		}
		if n.literal == nil {
			n.literal = map[string]*node[V]{}
		}
		if n.literal[segment] == nil {
			n.literal[segment] = &node[V]{}
		}
		n = n.literal[segment]
	}
	if n.routes == nil {
		n.routes = map[string]*route[V]{}
	}
	if n.routes[method] != nil {
		panic("simwire: two routes for " + method + " " + pattern)
	}
	n.routes[method] = r
}

// Find returns the route of a request, nil for none. A path that exists for other methods only gives their names.
func (rt *Router[V]) Find(method, escapedPath string) (m *Match[V], allowed []string) {
	var parts []string
	for _, s := range segments(escapedPath) {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, nil
		}
		parts = append(parts, decoded)
	}
	n, found := rt.root.walk(parts, nil)
	if n == nil {
		return nil, nil
	}
	r := n.routes[method]
	if r == nil && method == http.MethodHead {
		r = n.routes[http.MethodGet]
	}
	if r == nil {
		return nil, slices.Sorted(maps.Keys(n.routes))
	}
	values := make(map[string]string, len(found))
	for i, name := range r.names {
		values[name] = found[i]
	}
	return &Match[V]{r.value, r.pattern, values}, nil
}

func (n *node[V]) walk(parts, found []string) (*node[V], []string) {
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
