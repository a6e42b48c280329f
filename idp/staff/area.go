// Package staff keeps what staff may do and where: the tree of areas (省→市→县→乡镇→村), departments in it, and rights, each a
// role for an area and all below it until a day.
//
// Rights are given by two people of the area (idp/foureyes) and never wider than those of who proposes: in area, and in time.
// They are read anew for each request of a console, so that one that ended opens nothing more on any node. The package knows
// neither pages nor SQL.
package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Levels of areas, from the top: province, city, county, township, village.
const MaxLevel = 5

// Area is a place that is administered. Codes have twelve digits: six of GB/T 2260, three of the township and three of the
// village (GB/T 10114 and the statistical code), zeros where a level has none.
type Area struct {
	Code   string `json:"code" yaml:"code"`
	Parent string `json:"parent,omitempty" yaml:"parent"` // left out where the code tells it
	Name   string `json:"name" yaml:"name"`
	Level  int    `json:"level" yaml:"-"`
	Path   string `json:"-" yaml:"-"` // codes from the top, each closed by a stroke
}

// Department is an organisation that owns objects, in its area.
type Department struct {
	ID    string `json:"id" yaml:"id"` // unified social credit code, or a word of the operator
	Name  string `json:"name" yaml:"name"`
	Area  string `json:"area" yaml:"area"`
	Ended bool   `json:"ended,omitempty" yaml:"ended"` // owns nothing new
	Path  string `json:"-" yaml:"-"`
}

// ParseCode is an area code in its long form; six digits stand for a province, city or county.
func ParseCode(code string) (string, error) {
	if len(code) == 6 {
		code += "000000"
	}
	if len(code) != 12 || strings.Trim(code, "0123456789") != "" || code[:2] == "00" {
		return "", fault.New(fault.Invalid).WithField("code", fault.AreaCode)
	}
	return code, nil
}

// parentOf is the area above by the code alone; empty for a province. Whether an area with a gap in its code (a county under
// a province) hangs elsewhere, its entry tells.
func parentOf(code string) string {
	for _, end := range []int{9, 6, 4, 2} {
		if head := code[:end]; strings.Trim(code[end:], "0") != "" {
			return head + strings.Repeat("0", 12-end)
		}
	}
	return ""
}

func cleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > 100 || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fault.New(fault.Invalid).WithField("name", fault.AreaName)
	}
	return name, nil
}

// ApplyAreas stores areas, from the top; the same list again changes nothing. An area never gets another parent: rights and
// objects hang on its path.
func (s *Service) ApplyAreas(ctx context.Context, areas []Area) error {
	areas = slices.Clone(areas)
	for i := range areas {
		var err error
		if areas[i].Code, err = ParseCode(areas[i].Code); err != nil {
			return fmt.Errorf("area %d: %w", i+1, err)
		}
		if areas[i].Parent == "" {
			areas[i].Parent = parentOf(areas[i].Code)
		} else if areas[i].Parent, err = ParseCode(areas[i].Parent); err != nil {
			return fmt.Errorf("area %s: parent: %w", areas[i].Code, err)
		}
	}
	slices.SortStableFunc(areas, func(a, b Area) int { return strings.Compare(a.Code, b.Code) }) // zeros come first, so parents do
	for _, a := range areas {
		if err := s.putArea(ctx, a); err != nil {
			return fmt.Errorf("area %s: %w", a.Code, err)
		}
	}
	return nil
}

func (s *Service) putArea(ctx context.Context, a Area) (err error) {
	if a.Name, err = cleanName(a.Name); err != nil {
		return err
	}
	a.Level, a.Path = 1, a.Code+"/"
	if a.Parent != "" {
		above, err := s.Area(ctx, a.Parent)
		if err != nil {
			return err
		}
		a.Level, a.Path = above.Level+1, above.Path+a.Path
	}
	if a.Level > MaxLevel {
		return fault.New(fault.Invalid).WithField("parent", fault.AreaParent)
	}
	known, err := s.cfg.Store.Area(ctx, a.Code)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return fault.Wrap(err, fault.Unavailable)
	case known.Path != a.Path:
		return fault.New(fault.Invalid).WithField("parent", fault.AreaParent)
	case known == a:
		return nil
	}
	err = s.cfg.Store.PutArea(ctx, a, audit.With(idp.Event(ctx, s.cfg.Now().UTC(), "area.applied", "area", a.Code, nil)))
	if errors.Is(err, ErrConflict) {
		return fault.New(fault.Invalid).WithField("parent", fault.AreaParent)
	}
	return err
}

// Area finds an area by its code, short or long; fault.AreaUnknown.
func (s *Service) Area(ctx context.Context, code string) (Area, error) {
	code, err := ParseCode(code)
	if err != nil {
		return Area{}, err
	}
	a, err := s.cfg.Store.Area(ctx, code)
	if errors.Is(err, ErrNotFound) {
		return a, fault.New(fault.AreaUnknown, "code", code)
	}
	if err != nil {
		return a, fault.Wrap(err, fault.Unavailable)
	}
	return a, nil
}

// Areas lists what hangs right under an area, by code; next is empty on the last page. The empty parent is the top.
func (s *Service) Areas(ctx context.Context, parent, after string, limit int) (page []Area, next string, err error) {
	if page, err = s.cfg.Store.Areas(ctx, parent, after, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Code
	}
	return page, next, nil
}

// Names are the names of the areas of a path, from the top.
func (s *Service) Names(ctx context.Context, path string) ([]string, error) {
	var names []string
	for code := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		if code == "" {
			continue
		}
		a, err := s.Area(ctx, code)
		if err != nil {
			return nil, err
		}
		names = append(names, a.Name)
	}
	return names, nil
}

// ApplyDepartments stores departments; the same list again changes nothing.
func (s *Service) ApplyDepartments(ctx context.Context, departments []Department) error {
	for i, d := range departments {
		if err := s.putDepartment(ctx, d); err != nil {
			return fmt.Errorf("department %d: %w", i+1, err)
		}
	}
	return nil
}

func (s *Service) putDepartment(ctx context.Context, d Department) (err error) {
	if d.ID == "" || len(d.ID) > 64 || strings.ContainsFunc(d.ID, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
	}) {
		return fault.New(fault.Invalid).WithField("id", fault.DepartmentID)
	}
	if d.Name, err = cleanName(d.Name); err != nil {
		return err
	}
	area, err := s.Area(ctx, d.Area)
	if err != nil {
		return err
	}
	d.Area, d.Path = area.Code, area.Path
	known, err := s.cfg.Store.Department(ctx, d.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fault.Wrap(err, fault.Unavailable)
	}
	if err != nil || known != d {
		err = s.cfg.Store.PutDepartment(ctx, d, audit.With(idp.Event(ctx, s.cfg.Now().UTC(), "department.applied", "department", d.ID, map[string]string{"area": d.Area})))
		if err != nil {
			return err
		}
	}
	if s.cfg.Moved == nil {
		return nil
	}
	return s.cfg.Moved(ctx, d.ID, d.Path) // also for one that stays, because what it owns may have come before it
}

// AreaOf is the path of the area of a department, by its identifier; empty for one that the tree does not know.
func (s *Service) AreaOf(ctx context.Context, department string) (string, error) {
	d, err := s.cfg.Store.Department(ctx, department)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return d.Path, nil
}

// NameOf is the name of a department; empty for one that the tree does not have or that has ended.
func (s *Service) NameOf(ctx context.Context, department string) (string, error) {
	d, err := s.cfg.Store.Department(ctx, department)
	if errors.Is(err, ErrNotFound) || err == nil && d.Ended {
		return "", nil
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return d.Name, nil
}

// Departments lists departments of an area and below, by identifier; the empty path is everywhere.
func (s *Service) Departments(ctx context.Context, path, after string, limit int) (page []Department, next string, err error) {
	if page, err = s.cfg.Store.Departments(ctx, path, after, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}
