package mandate

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

//go:embed items.json
var builtInItems []byte

// Sides that an item is for.
const (
	ForPersons       = "persons"
	ForOrganisations = "organisations"
)

// itemLocales are the languages in which every item and every group has a name.
var itemLocales = []string{"zh-CN", "zh-Hant", "en"}

// Item is a service item (政务服务事项) that a mandate may name.
type Item struct {
	Code  string            `json:"code"`
	Group string            `json:"group"`
	Names map[string]string `json:"names"`         // by language
	For   string            `json:"for,omitempty"` // ForPersons, ForOrganisations, or empty for both: who may be the principal
	// Undelegated items are done by the person alone; no mandate names one.
	Undelegated bool `json:"undelegated,omitempty"`
}

// ItemGroup holds items together where they are shown.
type ItemGroup struct {
	Code  string            `json:"code"`
	Names map[string]string `json:"names"`
}

// Items is the list of service items. The zero value knows none and takes every code.
type Items struct {
	Groups []ItemGroup
	all    []Item // in the order of their codes
	// Closed refuses codes that are not in the list. Open, they are taken: of systems whose items nobody has listed, and types of
	// licences.
	Closed bool
}

// BuiltInItems is the list that comes with this package, open. Its codes are our own: the national catalogue of items has no public list.
var BuiltInItems = sync.OnceValue(func() Items {
	l, err := ParseItems(builtInItems)
	if err != nil {
		panic(err) // it is embedded above
	}
	return l
})

// ErrItems is a list that cannot be used.
var ErrItems = errors.New("mandate: the list of service items cannot be used")

const (
	maxItemsFile = 20000 // items of a list
	maxItemName  = 60    // characters
)

// ParseItems reads a list: {"groups": [ItemGroup…], "items": [Item…]}, items ordered by code.
func ParseItems(content []byte) (Items, error) {
	var list struct {
		Groups []ItemGroup `json:"groups"`
		Items  []Item      `json:"items"`
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return Items{}, fmt.Errorf("%w: %w", ErrItems, err)
	}
	wrong := func(what, code string) (Items, error) { return Items{}, fmt.Errorf("%w: %s %q", ErrItems, what, code) }
	if len(list.Items) > maxItemsFile {
		return wrong("more items than", fmt.Sprint(maxItemsFile))
	}
	groups := map[string]bool{}
	for _, g := range list.Groups {
		if groups[g.Code] || !idp.ServiceItem(g.Code) || !named(g.Names) {
			return wrong("group", g.Code)
		}
		groups[g.Code] = true
	}
	last := ""
	for _, i := range list.Items {
		if !idp.ServiceItem(i.Code) || i.Code == AllItems || i.Code <= last || !groups[i.Group] || !named(i.Names) || i.For != "" && i.For != ForPersons && i.For != ForOrganisations {
			return wrong("item", i.Code)
		}
		last = i.Code
	}
	return Items{Groups: list.Groups, all: list.Items}, nil
}

func named(names map[string]string) bool {
	return len(names) == len(itemLocales) && !slices.ContainsFunc(itemLocales, func(l string) bool {
		name := names[l]
		return strings.TrimSpace(name) != name || name == "" || utf8.RuneCountInString(name) > maxItemName
	})
}

// Find returns an item.
func (l Items) Find(code string) (Item, bool) {
	i, ok := slices.BinarySearchFunc(l.all, code, func(i Item, code string) int { return strings.Compare(i.Code, code) })
	if !ok {
		return Item{}, false
	}
	return l.all[i], true
}

// Name is what an item is called in a language, in simplified Chinese where none is known; a code that is not in the list is its own name.
func (l Items) Name(locale, code string) string {
	i, ok := l.Find(code)
	switch {
	case !ok:
		return code
	case i.Names[locale] == "":
		return i.Names[itemLocales[0]]
	}
	return i.Names[locale]
}

// ItemQuery selects items.
type ItemQuery struct {
	Text      string // part of a name in any language, or of a code; empty for any
	Group     string
	Principal string // account: only what may be delegated for it; empty: all
	Within    []string
	After     string // code of the last one of the page before
	Limit     int
}

// Page lists items by code; next is empty on the last page.
func (l Items) Page(q ItemQuery) (page []Item, next string) {
	text := strings.ToLower(strings.TrimSpace(q.Text))
	for _, i := range l.all {
		if i.Code <= q.After || q.Group != "" && i.Group != q.Group || q.Principal != "" && !i.delegates(q.Principal) || !i.has(text) ||
			len(q.Within) > 0 && !slices.Contains(q.Within, AllItems) && !slices.Contains(q.Within, i.Code) {
			continue
		}
		if len(page) == q.Limit {
			return page, page[len(page)-1].Code
		}
		page = append(page, i)
	}
	return page, ""
}

func (i Item) has(text string) bool {
	if text == "" || strings.Contains(strings.ToLower(i.Code), text) {
		return true
	}
	for _, name := range i.Names {
		if strings.Contains(strings.ToLower(name), text) {
			return true
		}
	}
	return false
}

// delegates reports whether a mandate of a principal may name the item.
func (i Item) delegates(principal string) bool {
	return !i.Undelegated && (i.For == "" || (i.For == ForOrganisations) == IsOrganisation(principal))
}

// Withholds reports whether a mandate for all items leaves one out, which only the person does. Those whom the law puts in the principal's
// place are not bound by that.
func (l Items) Withholds(m Mandate, code string) bool {
	i, ok := l.Find(code)
	return ok && i.Undelegated && m.Kind != LegalRepresentative && m.Kind != Guardian
}

// check refuses what a mandate of a principal cannot name.
func (l Items) check(principal string, codes []string) error {
	for _, code := range codes {
		i, known := l.Find(code)
		switch {
		case code == AllItems:
		case !known && l.Closed:
			return fault.New(fault.MandateItem, "item", code).WithField("mandate-items", fault.MandateItem, "item", code)
		case known && !i.delegates(principal):
			return fault.New(fault.MandateItemSelf).WithField("mandate-items", fault.MandateItemSelf)
		}
	}
	return nil
}
