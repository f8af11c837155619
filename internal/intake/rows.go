package intake

// rowChunks holds rows while their number is unknown, without the copies that a growing slice makes.
type rowChunks struct {
	chunks [][]Row
	n      int
}

const rowChunk = 1 << 15

func (c *rowChunks) add(r *Row) {
	last := len(c.chunks) - 1
	if last < 0 || len(c.chunks[last]) == rowChunk {
		size := rowChunk
		if last < 0 {
			size = 256 // the first chunk grows, so that small files stay small
		}
		c.chunks = append(c.chunks, make([]Row, 0, size))
		last++
	}
	c.chunks[last] = append(c.chunks[last], *r)
	c.n++
}

// join returns all rows in one slice and lets go of the chunks.
func (c *rowChunks) join() []Row {
	rows := make([]Row, 0, c.n)
	for i, chunk := range c.chunks {
		rows = append(rows, chunk...)
		c.chunks[i] = nil
	}
	return rows
}
