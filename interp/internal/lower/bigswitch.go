package lower

import (
	"cmp"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"slices"
	"strconv"
)

// go/ssa makes a chain of comparisons of a switch. Its dominators take the square of the number of clauses then, as all of them come to the
// statement after the switch: half a minute for 50,000. A switch of many constants becomes two, in groups of about the square root of their number,
// which is also what compiled programs do that find their case by halves:
//
//	{
//		·tag := x
//		·clause := 3 // the default
//		switch {
//		case ·tag < 224: switch ·tag { case 1: ·clause = 0; case 7, 8: ·clause = 1 … }
//		…
//		}
//		switch {
//		case ·clause < 224: switch ·clause { case 0: …; case 1: … }
//		…
//		}
//	}
//
// What stands in the clauses is the same: a break leaves the inner switch, after which there is nothing, and falling through goes on in the group.
const manyClauses = 256

// switches rewrites the big switches of a list of statements.
func switches(list []ast.Stmt, info *types.Info) {
	for i, s := range list {
		if s, ok := s.(*ast.SwitchStmt); ok && len(s.Body.List) >= manyClauses {
			if b := newBigSwitch(s, info); b != nil {
				list[i] = b.block()
			}
		}
	}
}

// bigSwitch is a switch that is rewritten.
type bigSwitch struct {
	s       *ast.SwitchStmt
	info    *types.Info
	cases   []bigCase // sorted
	clauses []*ast.CaseClause
	none    int // the clause for other values
}

// bigCase is a value with the number of its clause.
type bigCase struct {
	expr   ast.Expr
	value  constant.Value
	clause int
}

// newBigSwitch returns nil for a switch that stays as it is.
func newBigSwitch(s *ast.SwitchStmt, info *types.Info) *bigSwitch {
	if s.Tag == nil {
		return nil
	}
	t := info.TypeOf(s.Tag)
	if t == nil {
		return nil
	}
	basic, ok := t.Underlying().(*types.Basic)
	if !ok || basic.Info()&(types.IsInteger|types.IsString) == 0 || basic.Info()&types.IsUntyped != 0 {
		return nil
	}
	b := &bigSwitch{s: s, info: info, none: -1}
	for i, c := range s.Body.List {
		c := c.(*ast.CaseClause)
		b.clauses = append(b.clauses, c)
		if c.List == nil {
			b.none = i
		}
		for _, e := range c.List {
			v := info.Types[e].Value
			if v == nil || !types.Identical(info.TypeOf(e), t) {
				return nil
			}
			b.cases = append(b.cases, bigCase{e, v, i})
		}
	}
	if len(b.cases) < manyClauses {
		return nil
	}
	if b.none < 0 {
		b.none = len(b.clauses)
		end := s.Body.Rbrace
		b.clauses = append(b.clauses, &ast.CaseClause{Case: end, Colon: end})
	}
	slices.SortStableFunc(b.cases, func(x, y bigCase) int {
		switch {
		case constant.Compare(x.value, token.LSS, y.value):
			return -1
		case constant.Compare(x.value, token.GTR, y.value):
			return 1
		}
		return cmp.Compare(x.clause, y.clause)
	})
	return b
}

// block is the statement in the place of the switch.
func (b *bigSwitch) block() ast.Stmt {
	at := b.s.Switch
	tag := b.variable("·tag", b.info.TypeOf(b.s.Tag))
	clause := b.variable("·clause", types.Typ[types.Int])
	block := &ast.BlockStmt{Lbrace: at, Rbrace: b.s.Body.Rbrace}
	if b.s.Init != nil {
		block.List = append(block.List, b.s.Init)
	}
	block.List = append(block.List, b.define(tag, b.s.Tag), b.define(clause, b.number(b.none)), b.find(tag, clause), b.run(clause))
	return block
}

// find is the switch that sets the number of the clause.
func (b *bigSwitch) find(tag, clause *types.Var) ast.Stmt {
	group := int(math.Sqrt(float64(len(b.cases))))
	var groups []valueGroup
	for cases := b.cases; len(cases) > 0; {
		n := min(group, len(cases))
		byClause := map[int]*ast.CaseClause{}
		var inner []ast.Stmt
		for _, c := range cases[:n] {
			if old := byClause[c.clause]; old != nil {
				old.List = append(old.List, c.expr)
				continue
			}
			set := &ast.AssignStmt{Lhs: []ast.Expr{b.use(clause)}, TokPos: b.s.Switch, Tok: token.ASSIGN, Rhs: []ast.Expr{b.number(c.clause)}}
			cc := &ast.CaseClause{Case: c.expr.Pos(), List: []ast.Expr{c.expr}, Colon: c.expr.End(), Body: []ast.Stmt{set}}
			byClause[c.clause] = cc
			inner = append(inner, cc)
		}
		g := valueGroup{body: b.inner(tag, inner)}
		if cases = cases[n:]; len(cases) > 0 {
			g.below = b.literal(cases[0])
		}
		groups = append(groups, g)
	}
	return b.outer(tag, groups)
}

// run is the switch with the clauses.
func (b *bigSwitch) run(clause *types.Var) ast.Stmt {
	size := int(math.Sqrt(float64(len(b.clauses))))
	var groups []valueGroup
	for from := 0; from < len(b.clauses); {
		to := min(from+size, len(b.clauses))
		for to < len(b.clauses) && fallsThrough(b.clauses[to-1]) {
			to++
		}
		var inner []ast.Stmt
		for i := from; i < to; i++ {
			c := *b.clauses[i]
			c.List = []ast.Expr{b.number(i)}
			if i == to-1 {
				c.List = nil // no other number comes here
			}
			scope := b.info.Scopes[b.clauses[i]]
			if scope != nil {
				b.info.Scopes[&c] = scope
			}
			inner = append(inner, &c)
		}
		g := valueGroup{body: b.inner(clause, inner)}
		if to < len(b.clauses) {
			g.below = b.number(to)
		}
		groups = append(groups, g)
		from = to
	}
	return b.outer(clause, groups)
}

// valueGroup is a group of clauses, for values below one; nil for the last.
type valueGroup struct {
	below ast.Expr
	body  ast.Stmt
}

func (b *bigSwitch) inner(tag *types.Var, clauses []ast.Stmt) ast.Stmt {
	return &ast.SwitchStmt{Switch: b.s.Switch, Tag: b.use(tag), Body: &ast.BlockStmt{Lbrace: b.s.Body.Lbrace, List: clauses, Rbrace: b.s.Body.Rbrace}}
}

func (b *bigSwitch) outer(tag *types.Var, groups []valueGroup) ast.Stmt {
	var clauses []ast.Stmt
	for _, g := range groups {
		c := &ast.CaseClause{Case: b.s.Switch, Colon: b.s.Switch, Body: []ast.Stmt{g.body}}
		if g.below != nil {
			less := &ast.BinaryExpr{X: b.use(tag), OpPos: b.s.Switch, Op: token.LSS, Y: g.below}
			b.info.Types[less] = types.TypeAndValue{Type: types.Typ[types.Bool]}
			c.List = []ast.Expr{less}
		}
		clauses = append(clauses, c)
	}
	return &ast.SwitchStmt{Switch: b.s.Switch, Body: &ast.BlockStmt{Lbrace: b.s.Body.Lbrace, List: clauses, Rbrace: b.s.Body.Rbrace}}
}

func fallsThrough(c *ast.CaseClause) bool {
	if len(c.Body) == 0 {
		return false
	}
	last := c.Body[len(c.Body)-1]
	for {
		l, ok := last.(*ast.LabeledStmt)
		if !ok {
			break
		}
		last = l.Stmt
	}
	br, ok := last.(*ast.BranchStmt)
	return ok && br.Tok == token.FALLTHROUGH
}

// variable makes a variable; each switch has its own block.
func (b *bigSwitch) variable(name string, t types.Type) *types.Var {
	return types.NewVar(b.s.Switch, nil, name, t)
}

func (b *bigSwitch) define(v *types.Var, value ast.Expr) ast.Stmt {
	id := &ast.Ident{NamePos: b.s.Switch, Name: v.Name()}
	b.info.Defs[id] = v
	return &ast.AssignStmt{Lhs: []ast.Expr{id}, TokPos: b.s.Switch, Tok: token.DEFINE, Rhs: []ast.Expr{value}}
}

func (b *bigSwitch) use(v *types.Var) ast.Expr {
	id := &ast.Ident{NamePos: b.s.Switch, Name: v.Name()}
	b.info.Uses[id] = v
	b.info.Types[id] = types.TypeAndValue{Type: v.Type()}
	return id
}

func (b *bigSwitch) number(n int) ast.Expr {
	lit := &ast.BasicLit{ValuePos: b.s.Switch, Kind: token.INT, Value: strconv.Itoa(n)}
	b.info.Types[lit] = types.TypeAndValue{Type: types.Typ[types.Int], Value: constant.MakeInt64(int64(n))}
	return lit
}

// literal is the value of a case as a literal, which may stand elsewhere too.
func (b *bigSwitch) literal(c bigCase) ast.Expr {
	tv := types.TypeAndValue{Type: b.info.TypeOf(c.expr), Value: c.value}
	var e ast.Expr
	switch text := c.value.ExactString(); {
	case c.value.Kind() == constant.String:
		e = &ast.BasicLit{ValuePos: c.expr.Pos(), Kind: token.STRING, Value: text}
	case text[0] == '-':
		x := &ast.BasicLit{ValuePos: c.expr.Pos(), Kind: token.INT, Value: text[1:]}
		b.info.Types[x] = types.TypeAndValue{Type: tv.Type, Value: constant.UnaryOp(token.SUB, c.value, 0)}
		e = &ast.UnaryExpr{OpPos: c.expr.Pos(), Op: token.SUB, X: x}
	default:
		e = &ast.BasicLit{ValuePos: c.expr.Pos(), Kind: token.INT, Value: text}
	}
	b.info.Types[e] = tv
	return e
}
