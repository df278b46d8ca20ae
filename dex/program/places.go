package program

import (
	"sort"
	"strings"
)

// places tells where classes stand in the table of the framework, so that each
// is looked for once and not for every question.
type places struct {
	table *frameworkTable // nil if another [Framework] is asked
	at    []int32         // by class: 1 + its position; 0 if it has none
	class []ClassID       // by position: 1 + the class; 0 if it has no number yet
}

func (p *places) open(fw Framework) {
	if p.table, _ = fw.(*frameworkTable); p.table != nil {
		p.class = make([]ClassID, p.table.classes)
	}
}

func (p *places) put(c ClassID, at int) {
	for int(c) >= len(p.at) {
		p.at = append(p.at, 0)
	}
	p.at[c], p.class[at] = int32(at)+1, c+1
}

// find returns the position of a class.
func (p *places) find(c ClassID, descriptor string) (int, bool) {
	if int64(c) < int64(len(p.at)) && p.at[c] > 0 {
		return int(p.at[c]) - 1, true
	}
	at, ok := p.table.find(descriptor)
	if ok {
		p.put(c, at)
	}
	return at, ok
}

// introduces is [Framework.Introduces] for a class that was looked for.
func (p *places) introduces(c ClassID, method string) bool {
	if int64(c) >= int64(len(p.at)) || p.at[c] == 0 {
		return false
	}
	t := p.table
	from, to := t.inEnds.at(int(p.at[c])-1), t.inEnds.at(int(p.at[c]))
	_, ok := sort.Find(max(to-from, 0), func(k int) int { return strings.Compare(method, t.name(t.intros.at(from+k))) })
	return ok
}

// knownAbove notes what the table of the framework says of class c and returns
// its superclass.
func (t *tables) knownAbove(c ClassID) ClassID {
	d := t.classes.list[c]
	if d[0] != 'L' {
		return NoClass
	}
	p := &t.known
	i, ok := p.find(c, d)
	if !ok {
		return NoClass
	}
	number := func(at int) ClassID {
		if at >= len(p.class) {
			return NoClass // no such table is opened
		}
		if p.class[at] == 0 {
			p.put(t.frameworkClass(p.table.desc(at)), at)
		}
		return p.class[at] - 1
	}
	super := NoClass
	up := p.table.supers.at(i)
	if s := up & (1<<frameworkFlags - 1); s > 0 {
		super = number(s - 1)
	}
	for k := p.table.ifEnds.at(i); k < min(p.table.ifEnds.at(i+1), len(p.table.ifaces)/2); k++ {
		t.ifaces.val = append(t.ifaces.val, uint32(number(p.table.ifaces.at(k))))
	}
	flags := up >> frameworkFlags
	if flags&frameworkInterface != 0 {
		t.cFlags[c] |= accInterface
	}
	if flags&frameworkAbstract != 0 {
		t.cFlags[c] |= accAbstract
	}
	return super
}
