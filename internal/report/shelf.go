package report

// shelf keeps at most room items: those of the lowest class, and within a class those that came first. It lets a stream of any
// length fill a list of bounded length.
type shelf[T any] struct {
	room    int
	held    int
	dropped int
	classes [][]T
}

// takes reports whether an item of the class would be kept, and counts it as dropped when not.
func (s *shelf[T]) takes(class int) bool {
	if s.held < s.room {
		return true
	}
	for c := len(s.classes) - 1; c > class; c-- {
		if len(s.classes[c]) > 0 {
			return true
		}
	}
	s.dropped++
	return false
}

// put keeps an item that takes has accepted; the last one of the highest class makes room for it.
func (s *shelf[T]) put(class int, item T) {
	for len(s.classes) <= class {
		s.classes = append(s.classes, nil)
	}
	s.classes[class] = append(s.classes[class], item)
	if s.held < s.room {
		s.held++
		return
	}
	for c := len(s.classes) - 1; c >= 0; c-- {
		if n := len(s.classes[c]); n > 0 {
			var zero T
			s.classes[c][n-1] = zero
			s.classes[c] = s.classes[c][:n-1]
			break
		}
	}
	s.dropped++
}

// all returns what is kept, by class.
func (s *shelf[T]) all() []T {
	out := make([]T, 0, s.held)
	for _, items := range s.classes {
		out = append(out, items...)
	}
	return out
}
