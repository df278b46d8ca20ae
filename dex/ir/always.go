package ir

import "github.com/telltale-apk/telltale/dex"

// Always appends to dst, for each block, whether every path from the start of
// the method to a return runs through it. Exceptions are not followed: what
// only they lead to, or what an exception may keep from running, is decided as
// if none were thrown. Where no return is reached, paths end where no
// instruction follows; where there is no such place either, all blocks count.
//
// Work is linear in the number of blocks and edges.
func (g *Graph) Always(dst []bool) []bool {
	n := len(g.blocks)
	base := len(dst)
	for range n {
		dst = append(dst, false)
	}
	all := dst[base:]
	end := func(b int) bool {
		in, _ := g.code.At(g.blocks[b].Last)
		return in.Op().Flags()&dex.Returns != 0
	}
	path := g.pathTo(end)
	if path == nil {
		end = func(b int) bool { return len(g.Succs(b)) == 0 }
		path = g.pathTo(end)
	}
	if path == nil {
		for i := range all {
			all[i] = true
		}
		return dst
	}
	// A block of the path that no way around from before it leads past is on
	// every path. far is how far such ways lead.
	const none = -1
	at := make([]int32, n)
	for i := range at {
		at[i] = none
	}
	for i, b := range path {
		at[b] = int32(i)
	}
	seen := make([]bool, n)
	var work []uint32
	far := int32(0)
	for i, b := range path {
		if far <= int32(i) {
			all[b] = true
			far = int32(i)
		}
		work = append(work[:0], b)
		for len(work) > 0 {
			from := work[len(work)-1]
			work = work[:len(work)-1]
			if at[from] == none && end(int(from)) {
				far = int32(len(path)) // past all of the path
			}
			for _, s := range g.Succs(int(from)) {
				switch {
				case at[s] != none:
					far = max(far, at[s])
				case !seen[s]:
					seen[s] = true
					work = append(work, s)
				}
			}
		}
	}
	return dst
}

// pathTo returns a shortest path from the first block to one that is an end.
func (g *Graph) pathTo(end func(b int) bool) []uint32 {
	n := len(g.blocks)
	if n == 0 || g.blocks[0].Start != 0 {
		return nil
	}
	const unseen = ^uint32(0)
	from := make([]uint32, n)
	for i := range from {
		from[i] = unseen
	}
	from[0] = 0
	queue := append(make([]uint32, 0, n), 0)
	for len(queue) > 0 {
		b := queue[0]
		queue = queue[1:]
		if end(int(b)) {
			var path []uint32
			for {
				path = append(path, b)
				if b == 0 {
					break
				}
				b = from[b]
			}
			for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
				path[i], path[j] = path[j], path[i]
			}
			return path
		}
		for _, s := range g.Succs(int(b)) {
			if from[s] == unseen {
				from[s] = b
				queue = append(queue, s)
			}
		}
	}
	return nil
}
