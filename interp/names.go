package interp

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"poolbook/interp/internal/pattern"
	"poolbook/interp/internal/rtype"
	"poolbook/interp/internal/unit"
)

// Types of cells have a number in their session, so that each of several types of the same name is itself in every process, and a
// hash of what they reach: a process that has loaded a type before the session gave it another method sees that it needs it anew.

// typeNames are the names of a session's own types. It is guarded by Session.mu.
type typeNames struct {
	numbers map[*types.TypeName]int
	byNum   []*types.TypeName          // the first one is number 1
	units   map[*types.TypeName]string // their names in units
	taken   map[string]bool

	ids  map[*types.TypeName]string // number and hash, since a cell was loaded
	wire map[reflect.Type]string    // what TypeName has returned, since a cell was loaded
	made map[string]*Unit           // what TypeUnit has returned, since a cell was loaded
}

// of numbers a type, and gives it the name that it has in units.
func (n *typeNames) of(obj *types.TypeName) (int, string) {
	if k := n.numbers[obj]; k > 0 {
		return k, n.units[obj]
	}
	if n.numbers == nil {
		n.numbers, n.units, n.taken = map[*types.TypeName]int{}, map[*types.TypeName]string{}, map[string]bool{}
	}
	name := obj.Name()
	if obj.Parent() != obj.Pkg().Scope() { // of a function, where anything else may have that name
		name = rtype.Numbered(obj.Name(), 1)
	}
	for i := 2; n.taken[name]; i++ {
		name = rtype.Numbered(obj.Name(), i)
	}
	n.byNum = append(n.byNum, obj)
	n.numbers[obj], n.units[obj], n.taken[name] = len(n.byNum), name, true
	return len(n.byNum), name
}

// cellLoaded forgets what a cell may have changed: methods, and what they reach.
func (n *typeNames) cellLoaded() { n.ids, n.wire, n.made = nil, nil, nil }

// loadedTypes are the types of another session's cells that units have brought. It is guarded by Session.mu.
type loadedTypes struct {
	names  map[*types.TypeName]string // number and hash
	byName map[string]*types.TypeName
	latest map[string]*types.TypeName // by number
}

func (l *loadedTypes) add(id string, tn *types.TypeName) {
	if _, ok := l.names[tn]; !ok {
		l.names[tn] = id
	}
	l.byName[id], l.latest[numberOf(id)] = tn, tn
}

// numberOf is the number of a type without the hash.
func numberOf(id string) string {
	number, _, _ := strings.Cut(id, ".")
	return number
}

// An UnknownTypeError is the error of TypeByName for a type that no unit has brought into this session: [Session.TypeUnit] of the session
// that has named it makes one.
type UnknownTypeError struct{ Name string }

func (e *UnknownTypeError) Error() string { return "interp: type " + e.Name + " is not there" }

// TypeName names a type so that TypeByName finds it, in this session or in one that has loaded the type with a unit:
// "main.Point#3.6f1ed002ab559585", "[]int", "map[string]time.Time". Packages are written with their whole path. There is an error for types that
// another process would not find.
func (s *Session) TypeName(t reflect.Type) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t == nil {
		return "", errors.New("interp: the type is nil")
	}
	if name, ok := s.units.names.wire[t]; ok {
		return name, nil
	}
	typ := s.types.TypesOf(t)
	if typ == nil {
		return "", fmt.Errorf("interp: the type %s has no name", t)
	}
	name, err := s.wireName(typ)
	if err != nil {
		return "", err
	}
	if found, err := s.typeByName(nil, name, false); err != nil || found != t {
		return "", fmt.Errorf("interp: the type %s is not known elsewhere", t)
	}
	if s.units.names.wire == nil {
		s.units.names.wire = map[reflect.Type]string{}
	}
	s.units.names.wire[t] = name
	return name, nil
}

// wireName writes a type. mu is held.
func (s *Session) wireName(t types.Type) (string, error) {
	var failed error
	sub := func(t types.Type) string {
		name, err := s.wireName(t)
		if err != nil && failed == nil {
			failed = err
		}
		return name
	}
	tuple := func(t *types.Tuple, variadic bool) string {
		var list []string
		for i := range t.Len() {
			v := t.At(i)
			if variadic && i == t.Len()-1 {
				list = append(list, "..."+sub(v.Type().(*types.Slice).Elem()))
				continue
			}
			list = append(list, sub(v.Type()))
		}
		return "(" + strings.Join(list, ", ") + ")"
	}
	signature := func(t *types.Signature) string {
		return tuple(t.Params(), t.Variadic()) + " " + tuple(t.Results(), false)
	}
	name := ""
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		obj := t.Origin().Obj()
		if obj.Pkg() == nil {
			return obj.Name(), nil
		}
		name = obj.Pkg().Path() + "." + rtype.Shown(obj.Name())
		if s.env.IsCell(obj.Pkg()) {
			id, err := s.typeID(obj)
			if err != nil {
				return "", err
			}
			name = "main." + rtype.Shown(obj.Name()) + "#" + id
		}
		if n := t.TypeArgs().Len(); n > 0 {
			var args []string
			for arg := range t.TypeArgs().Types() {
				args = append(args, sub(arg))
			}
			name += "[" + strings.Join(args, ", ") + "]"
		}
	case *types.Pointer:
		name = "*" + sub(t.Elem())
	case *types.Slice:
		name = "[]" + sub(t.Elem())
	case *types.Array:
		name = "[" + strconv.FormatInt(t.Len(), 10) + "]" + sub(t.Elem())
	case *types.Map:
		name = "map[" + sub(t.Key()) + "]" + sub(t.Elem())
	case *types.Chan:
		name = map[types.ChanDir]string{types.SendRecv: "chan ", types.SendOnly: "chan<- ", types.RecvOnly: "<-chan "}[t.Dir()] + "(" + sub(t.Elem()) + ")"
	case *types.Signature:
		name = "func" + signature(t)
	case *types.Struct:
		var fields []string
		for i := range t.NumFields() {
			f := t.Field(i)
			field := f.Name() + " " + sub(f.Type())
			if f.Embedded() {
				field = embedMark + rtype.Shown(f.Name()) + " " + sub(f.Type())
			}
			if tag := t.Tag(i); tag != "" {
				field += " " + strconv.Quote(tag)
			}
			fields = append(fields, field)
		}
		name = "struct{" + strings.Join(fields, "; ") + "}"
	case *types.Interface:
		var methods []string
		for m := range t.Methods() {
			methods = append(methods, m.Name()+signature(m.Signature()))
		}
		name = "interface{" + strings.Join(methods, "; ") + "}"
	default:
		name = types.TypeString(t, (*types.Package).Path)
	}
	return name, failed
}

// typeID is the number and the hash of a cell's type. mu is held.
func (s *Session) typeID(obj *types.TypeName) (string, error) {
	if id, ok := s.units.types.names[obj]; ok {
		return id, nil
	}
	if id, ok := s.units.names.ids[obj]; ok {
		return id, nil
	}
	u, err := unit.MakeTypes(unitSession{s}, unit.Extra{Types: []types.Type{obj.Type()}})
	if err != nil && (obj.Parent() != obj.Pkg().Scope() || len(s.units.units) > 0) {
		return "", errors.New("the type is declared inside a generic function: declare it at the top level of a cell")
	} else if err != nil {
		return "", err
	}
	if s.units.names.ids == nil {
		s.units.names.ids = map[*types.TypeName]string{}
	}
	for t, id := range u.Types {
		s.units.names.ids[t] = id.String()
	}
	id, ok := s.units.names.ids[obj]
	if !ok {
		return "", fmt.Errorf("interp: the type %s has no name", obj.Name())
	}
	return id, nil
}

// TypeUnit makes a unit that declares what a type that TypeName has named, here or in a session that has loaded units of this one, is
// made of. Its function does nothing. Without is that of UnitExtra.
func (s *Session) TypeUnit(name string, without map[string]string) (*Unit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := name + " without " + strings.Join(slices.Sorted(maps.Keys(without)), " ")
	if u := s.units.names.made[key]; u != nil {
		return u, nil
	}
	t, err := s.typeByName(nil, name, false)
	if err != nil {
		return nil, err
	}
	u, err := unit.MakeTypes(unitSession{s}, unit.Extra{Types: []types.Type{s.types.TypesOf(t)}, Without: without})
	if err != nil {
		return nil, &UnitError{err.Error()}
	}
	source, err := s.withModules(u)
	if err != nil {
		return nil, &UnitError{err.Error()}
	}
	if s.units.names.made == nil || len(s.units.names.made) >= madeLimit {
		s.units.names.made = map[string]*Unit{}
	}
	s.units.names.made[key] = outside(u, source, nil)
	return s.units.names.made[key], nil
}

// TypeByName finds the type that TypeName named. The error is an *UnknownTypeError for one that a unit has to bring first.
func (s *Session) TypeByName(name string) (reflect.Type, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.typeByName(nil, name, false)
}

// LatestTypeByName is TypeByName, and finds a type, too, that units have brought with other methods only: the latest one.
func (s *Session) LatestTypeByName(name string) (reflect.Type, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.typeByName(nil, name, true)
}

// ofSource reports whether cells or interpreted packages declare a part of a type. mu is held.
func (s *Session) ofSource(t types.Type) bool {
	name, err := s.wireName(t)
	if err != nil {
		return false
	}
	for rest := name; rest != ""; {
		m := qualified().FindStringSubmatch(rest)
		if m == nil {
			m = word().FindStringSubmatch(rest)
		}
		switch {
		case m == nil:
			rest = rest[1:]
			continue
		case len(m) > 1 && (m[3] != "" || !s.bridge.Has(m[1]) && s.imp.Source(m[1]) != nil):
			return true
		}
		rest = rest[len(m[0]):]
	}
	return false
}

// TypeByName finds the type that TypeName named, as the unit's code has it: with the methods that it had when the unit was made.
func (u *LoadedUnit) TypeByName(name string) (reflect.Type, error) {
	if t, ok := u.named.Load(name); ok {
		return t.(reflect.Type), nil
	}
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	t, err := u.s.typeByName(u, name, false)
	if err == nil {
		u.named.Store(name, t)
	}
	return t, err
}

// Brings reports whether the unit declares all that cells have declared of the type that TypeName named, so that its variables have what the type's
// methods read.
func (u *LoadedUnit) Brings(name string) bool {
	if b, ok := u.brings.Load(name); ok {
		return b.(bool)
	}
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	brings := true
	for rest := name; rest != "" && brings; {
		m := qualified().FindStringSubmatch(rest)
		if m == nil {
			if m = word().FindStringSubmatch(rest); m == nil {
				m = []string{rest[:1]}
			}
		} else if m[3] != "" {
			brings = u.types[numberOf(m[3])] != nil
		}
		rest = rest[len(m[0]):]
	}
	u.brings.Store(name, brings)
	return brings
}

var (
	qualified = pattern.New(`^([\pL_][\pL\pN_./~-]*)\.([\pL_][\pL\pN_]*)(?:#([0-9]+\.[0-9a-f]+))?`)
	word      = pattern.New(`^[\pL\pN_]+`)
)

// typeByName finds a type for a unit, nil for none. With latest a type that is there with other methods will do. mu is held.
func (s *Session) typeByName(u *LoadedUnit, name string, latest bool) (t reflect.Type, err error) {
	// encoding/json.Decoder is no Go expression: each named type gets a name of its own.
	pkg := types.NewPackage("main", "main")
	idents := map[string]string{}
	var b strings.Builder
	for rest := name; rest != ""; {
		if rest[0] == '"' || rest[0] == '`' { // a struct tag
			q, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, fmt.Errorf("interp: type name %s: %w", name, err)
			}
			b.WriteString(q)
			rest = rest[len(q):]
			continue
		}
		m := qualified().FindStringSubmatch(rest)
		if m == nil {
			m = word().FindStringSubmatch(rest)
			if m == nil {
				m = []string{rest[:1]}
			}
			b.WriteString(m[0])
			rest = rest[len(m[0]):]
			continue
		}
		id := idents[m[0]]
		if id == "" {
			typ, err := s.namedType(u, m[1], m[2], m[3], latest)
			var unknown *UnknownTypeError
			if errors.As(err, &unknown) {
				return nil, &UnknownTypeError{name}
			} else if err != nil {
				return nil, fmt.Errorf("interp: type name %s: %w", name, err)
			}
			id = rtype.Numbered("t", len(idents))
			idents[m[0]] = id
			pkg.Scope().Insert(types.NewTypeName(token.NoPos, pkg, id, typ))
		}
		b.WriteString(id)
		rest = rest[len(m[0]):]
	}
	expr, err := parser.ParseExpr(b.String())
	if err != nil {
		return nil, fmt.Errorf("interp: type name %s: %w", name, err)
	}
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("interp: type %s: %v", name, r)
		}
	}()
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if err := types.CheckExpr(s.fset, pkg, token.NoPos, expr, info); err != nil {
		return nil, fmt.Errorf("interp: type name %s: %w", name, err)
	}
	tv := info.Types[expr]
	if !tv.IsType() {
		return nil, fmt.Errorf("interp: type name %s is that of no type", name)
	}
	typ := tv.Type
	if strings.Contains(name, embedMark) {
		typ = embedded(typ)
	}
	return s.types.Of(typ), nil
}

// namedType finds a named type by its package's path and its name; id is that of a cell's type. mu is held.
func (s *Session) namedType(u *LoadedUnit, path, name, id string, latest bool) (types.Type, error) {
	if id != "" {
		if u != nil {
			if t := u.types[numberOf(id)]; t != nil {
				return t.Type(), nil
			}
		}
		if t := s.units.types.byName[id]; t != nil {
			return t.Type(), nil
		}
		if n, _ := strconv.Atoi(numberOf(id)); len(s.units.units) == 0 && 0 < n && n <= len(s.units.names.byNum) {
			return s.units.names.byNum[n-1].Type(), nil
		}
		if t := s.units.types.latest[numberOf(id)]; latest && t != nil {
			return t.Type(), nil
		}
		return nil, &UnknownTypeError{}
	}
	if path == "main" {
		return nil, errors.New("it has no number")
	}
	if !s.bridge.Has(path) && s.imp.Source(path) == nil {
		if t, ok := s.bridge.Compiled(path, name); ok {
			return s.types.TypesOf(t), nil
		}
		return nil, &UnknownTypeError{}
	}
	pkg, err := s.imp.Import(path)
	if err == nil && pkg.Scope().Lookup(name) == nil {
		err = s.whole(path)
	}
	if err == nil {
		if tn, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok {
			return tn.Type(), nil
		}
	}
	if t, ok := s.bridge.Compiled(path, name); ok {
		return s.types.TypesOf(t), nil
	}
	if err == nil {
		err = fmt.Errorf("no type %s in package %q", name, path)
	}
	return nil, err
}
