package core

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// code is what a worker process needs for a job: the unit, and the variables as they were at the call. It does not change.
type code struct {
	unit    *Unit
	vars    []byte         // the body of the Setup frame behind the job's number
	blobs   []*blob        // large variables that vars refers to
	handles []codec.Handle // shared objects in vars
	session codec.Session  // errors that the variables hold, which the worker numbers in the same way
	reads   []Var          // the variables, but for those that need not be sent
	pace    *pace          // of the unit, for all its jobs
}

// blob is the encoded value of one large variable.
type blob struct {
	key  [2]uint64 // hash of data
	data []byte
}

// blobSize is the size from which a variable's value is kept by workers, to be referred to by later jobs.
const blobSize = 32 << 10

// seeds make a hash of 128 bits.
var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func makeBlob(data []byte) *blob {
	return &blob{data: data, key: [2]uint64{maphash.Bytes(seeds[0], data), maphash.Bytes(seeds[1], data)}}
}

// company is what values have with them that workers need to have: the types of those in interfaces, and functions.
type company struct {
	types     map[reflect.Type]bool
	functions map[string]bool
}

// prepare asks the host for the code of fn and encodes its variables, without those in except. with is the company of the items.
func (s *state) prepare(fn any, except map[string]bool, with company) (*code, error) {
	if s.host.Unit == nil {
		return nil, errors.New("pool: the host gives no code units")
	}
	return s.encodeUnit(with, func(need Need) (*Unit, error) { return s.unit(fn, need) }, varSet{except: except})
}

// varSet says which variables of a unit are encoded, and how.
type varSet struct {
	except map[string]bool // these are not
	inline bool            // large ones like all others
}

// encodeUnit gets a unit that has the types of all values in interfaces, and encodes its variables, and those of functions inside values.
func (s *state) encodeUnit(with company, get func(Need) (*Unit, error), set varSet) (*code, error) {
	need := Need{Types: slices.Collect(maps.Keys(with.types))}
	functions := maps.Clone(with.functions)
	var unsent error // of a variable: it says more than why there is no unit without
	for {
		u, err := get(need)
		if err != nil && unsent != nil {
			return nil, unsent
		} else if err != nil {
			return nil, err
		}
		c, met, bad, err := s.encodeVars(u, s.host.variablesOf(functions), set)
		if err != nil {
			if bad == "" || need.Without[bad] != "" {
				return nil, err
			}
			if unsent = err; need.Without == nil {
				need.Without = map[string]string{}
			}
			need.Without[bad] = err.Error() // perhaps only methods that nothing calls read it
			continue
		}
		more := 0
		for t := range met.types {
			if !u.Types[t] && !slices.Contains(need.Types, t) {
				need.Types = append(need.Types, t)
				more++
			}
		}
		for f := range met.functions {
			if !functions[f] {
				if functions == nil {
					functions = map[string]bool{}
				}
				functions[f] = true
				more++
			}
		}
		if more == 0 {
			return c, nil
		}
	}
}

// encodeVars is the code of a unit with its variables and those of functions inside values, and the company that it has met. An error may be
// that of one variable.
func (s *state) encodeVars(u *Unit, inside []Var, set varSet) (c *code, met company, bad string, err error) {
	if len(u.Vars) == 0 && len(inside) == 0 {
		return s.plainCode(u), met, "", nil
	}
	c = &code{unit: u}
	var inline []Var
	b := proc.Body(nil)
	type large struct {
		id string
		*blob
	}
	var larges []large
	var vars []Var
	var values []reflect.Value
	add := func(v Var) error {
		if !v.Value.IsValid() {
			return fmt.Errorf("the variable %s has no value", v.Name)
		}
		vars, values = append(vars, v), append(values, v.Value)
		return nil
	}
	for _, v := range u.Vars {
		if !set.except[v.ID] {
			if err := add(v); err != nil {
				return nil, met, "", err
			}
		}
	}
	for _, v := range inside {
		if !set.except[v.ID] && !hasVar(vars, v.ID) {
			if err := add(v); err != nil {
				return nil, met, "", err
			}
		}
	}
	c.reads = vars
	e := s.codec.NewEncoder(nil, nil)
	sharing, err := e.Share(values)
	if err != nil {
		return nil, met, "", err
	}
	place := make([]int, len(vars))
	for i, v := range vars {
		if !set.inline && !sharing[i] && tree(v.Value.Type(), 0) && heavy(v.Value) {
			e := s.codec.NewEncoder(nil, nil)
			if err := e.Encode(v.Value); err != nil {
				return nil, met, v.ID, codec.In(err, v.Name)
			}
			if len(e.Bytes()) >= blobSize {
				l := makeBlob(e.Bytes())
				c.blobs = append(c.blobs, l)
				larges = append(larges, large{v.ID, l})
				continue
			}
		}
		place[i] = len(inline)
		inline = append(inline, v)
	}
	e.Number(place)
	b = b.Uint(uint64(len(larges)))
	for _, l := range larges {
		b = b.String(l.id).Uint(l.key[0]).Uint(l.key[1])
	}
	b = b.Uint(uint64(len(inline)))
	for _, v := range inline {
		b = b.String(v.ID)
		if err := e.Encode(v.Value); err != nil {
			return nil, met, v.ID, codec.In(err, v.Name)
		}
	}
	c.session.Know(e.Errors())
	c.handles = e.Handles()
	c.vars = append(b, e.Bytes()...)
	return c, company{e.Types(), e.Functions()}, "", nil
}

func hasVar(vars []Var, id string) bool {
	return slices.ContainsFunc(vars, func(v Var) bool { return v.ID == id })
}

// plainCode is the code of a unit without variables, which all its jobs share.
func (s *state) plainCode(u *Unit) *code {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.plain[u.Hash]
	if c == nil {
		if s.plain == nil || len(s.plain) >= plainLimit {
			s.plain = map[string]*code{}
		}
		c = &code{unit: u, vars: proc.Body(nil).Uint(0).Uint(0)}
		s.plain[u.Hash] = c
	}
	return c
}

// plainLimit is how many units without variables a pool remembers.
const plainLimit = 1000

// unit asks the host for the code of fn.
func (s *state) unit(fn any, need Need) (u *Unit, err error) { return s.host.unit(fn, need) }

// unit is Unit. A host that panics refuses the call, no more.
func (h *Host) unit(fn any, need Need) (u *Unit, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("pool: the code of the function cannot be found: %v", r)
		}
	}()
	return h.Unit(fn, need)
}

// tree reports whether values of the type share nothing with other variables but the memory of slices and maps.
func tree(t reflect.Type, depth int) bool {
	if depth > 8 {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return false
	case reflect.Slice, reflect.Array:
		return tree(t.Elem(), depth+1)
	case reflect.Map:
		return tree(t.Key(), depth+1) && tree(t.Elem(), depth+1)
	case reflect.Struct:
		for i := range t.NumField() {
			if !tree(t.Field(i).Type, depth+1) {
				return false
			}
		}
	}
	return true
}

// heavy guesses whether the encoding of a value may be large, so that small variables are encoded once only.
func heavy(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return v.Len() >= blobSize
	case reflect.Slice, reflect.Map:
		return v.Len() >= 256
	case reflect.Array:
		return v.Len() > 0 && (v.Len() >= 256 || heavy(v.Index(0)))
	case reflect.Struct:
		for i := range v.NumField() {
			if heavy(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// chunkSize is how many items of a map go to a worker at once.
func (j *Job) chunkSize(n int) int {
	if j.opts.chunk > 0 {
		return j.opts.chunk
	}
	parts := 4 * j.s.size()
	return max(1, (n+parts-1)/parts)
}

// cut makes the chunks of the items of a call of fn, encoded for processes.
func (j *Job) cut(fn any, list reflect.Value) error {
	n := list.Len()
	j.total = n
	j.results = reflect.MakeSlice(reflect.SliceOf(j.out), n, n)
	if n == 0 {
		return nil
	}
	size := j.chunkSize(n)
	chunks := make([]chunk, (n+size-1)/size)
	j.queue = make([]*chunk, len(chunks))
	for i := range chunks {
		lo := i * size
		k := min(size, n-lo)
		chunks[i] = chunk{id: j.s.chunkID(), job: j, first: lo, n: k, left: k, base: j.results, off: lo}
		j.queue[i] = &chunks[i]
	}
	j.chunks = slices.Clone(j.queue)
	if j.s.threads {
		// The caller may change the slice's elements after the call.
		own := reflect.MakeSlice(list.Type(), n, n)
		reflect.Copy(own, list)
		all := make([]items, len(chunks))
		for i, c := range j.queue {
			all[i] = items{own, c.first}
			c.items = &all[i]
		}
		return nil
	}
	plan, err := j.s.codec.Items(list.Type().Elem(), j.mode&Spread != 0)
	if err != nil {
		return err
	}
	e := j.s.codec.NewEncoder(nil, &j.code.session)
	for _, c := range j.queue {
		start := len(e.Bytes())
		if cap(e.Bytes())-start < 256 {
			e.Reset(make([]byte, 0, 1<<16))
			start = 0
		} else {
			e.Reset(e.Bytes())
		}
		if err := plan.Encode(e, list, c.first, c.first+c.n); err != nil {
			return j.refuse(err)
		}
		c.data = e.Bytes()[start:len(e.Bytes()):len(e.Bytes())]
		c.refer(e.Handles())
		if len(c.data) > 1<<16 {
			e.Reset(nil)
		}
	}
	return j.bring(fn, company{e.Types(), e.Functions()})
}

// bring gives the job's code the types of values in interfaces that its unit was not made for, and the variables of functions inside items.
func (j *Job) bring(fn any, met company) error {
	lacks := false
	for t := range met.types {
		lacks = lacks || !j.code.unit.Types[t]
	}
	own := j.s.ownVariables()
	for _, v := range j.s.host.variablesOf(met.functions) {
		lacks = lacks || !own[v.ID] && !hasVar(j.code.reads, v.ID)
	}
	if !lacks {
		return nil
	}
	code, err := j.s.prepare(fn, own, met)
	if err != nil {
		return j.refuse(err)
	}
	j.code = code
	return nil
}

func (s *state) chunkID() uint64 { return s.lastChunk.Add(1) }

// setupBody is the body of a job's Setup frame.
func (j *Job) setupBody(b proc.Body, unit uint64) proc.Body {
	b = b.Uint(uint64(j.id)).Uint(unit).Uint(uint64(j.mode)).Int(int64(j.opts.timeout)).Uint(j.seed)
	return append(b, j.code.vars...)
}

// chunkHead is the body of a chunk's frame before the items.
func (c *chunk) chunkHead(b proc.Body) proc.Body {
	b = b.Uint(c.id).Uint(uint64(c.job.id)).Uint(uint64(c.first)).Uint(uint64(c.n))
	if c.fresh() {
		return b.Uint(0)
	}
	skip := make([]byte, c.n)
	for i := range skip {
		if c.isDone(i) {
			skip[i] = 1
		}
	}
	return b.Bytes(skip)
}

// quote shows a name.
func quote(s string) string { return strconv.Quote(s) }
