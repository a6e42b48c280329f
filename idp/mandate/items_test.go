package mandate

import (
	"errors"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

func TestBuiltInItems(t *testing.T) {
	l := BuiltInItems()
	if l.Closed || l.Name("en", "pension") != "Pension" || l.Name("zh-Hant", "pension") != "養老金" || l.Name("zh-CN", "elsewhere") != "elsewhere" || l.Name("", "pension") != "养老金" {
		t.Errorf("%v %q", l.Closed, l.Name("zh-CN", "pension"))
	}
	seen, after := 0, ""
	for {
		page, next := l.Page(ItemQuery{After: after, Limit: 7})
		for _, i := range page {
			if i.Code <= after && after != "" {
				t.Errorf("%s comes after %s", i.Code, after)
			}
			after = i.Code
		}
		if seen += len(page); next == "" {
			break
		}
	}
	if seen != len(l.all) || seen < 30 {
		t.Errorf("%d of %d items on all pages", seen, len(l.all))
	}
	if page, next := l.Page(ItemQuery{Limit: seen}); len(page) != seen || next != "" {
		t.Errorf("one page of all: %d, next %q", len(page), next)
	}
}

func TestItemsOfAQuery(t *testing.T) {
	l := BuiltInItems()
	for name, row := range map[string]struct {
		q    ItemQuery
		has  string
		lack string
	}{
		"by a name":       {ItemQuery{Text: " 养老 "}, "pension", "tax"},
		"in English":      {ItemQuery{Text: "PENSION"}, "pension", "tax"},
		"by code":         {ItemQuery{Text: "housing-f"}, "housing-fund", "tax"},
		"a group":         {ItemQuery{Group: "tax"}, "tax", "pension"},
		"of a person":     {ItemQuery{Principal: "acc_1"}, "pension", "annual-report"},
		"not by another":  {ItemQuery{Principal: "acc_1"}, "tax", "passport"},
		"of organisation": {ItemQuery{Principal: "org_1"}, "annual-report", "pension"},
		"passed on":       {ItemQuery{Within: []string{"tax"}}, "tax", "pension"},
		"passed on all":   {ItemQuery{Within: []string{AllItems}}, "pension", "none"},
	} {
		row.q.Limit = 100
		page, _ := l.Page(row.q)
		found := map[string]bool{}
		for _, i := range page {
			found[i.Code] = true
		}
		if !found[row.has] || found[row.lack] {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestItemsThatAMandateCannotName(t *testing.T) {
	open := BuiltInItems()
	closed := open
	closed.Closed = true
	for name, row := range map[string]struct {
		list      Items
		principal string
		code      string
		want      fault.Code
	}{
		"listed":                        {closed, "acc_1", "pension", ""},
		"all":                           {closed, "acc_1", AllItems, ""},
		"not listed, open":              {open, "acc_1", "elsewhere", ""},
		"not listed, closed":            {closed, "acc_1", "elsewhere", fault.MandateItem},
		"done by oneself":               {open, "acc_1", "passport", fault.MandateItemSelf},
		"an organisation's":             {open, "acc_1", "annual-report", fault.MandateItemSelf},
		"a person's of an organisation": {open, "org_1", "pension", fault.MandateItemSelf},
		"of both":                       {closed, "org_1", "tax", ""},
	} {
		if err := row.list.check(row.principal, []string{row.code}); row.want == "" && err != nil || row.want != "" && fault.CodeOf(err) != row.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for kind, want := range map[Kind]bool{Relative: true, Staff: true, LegalRepresentative: false, Guardian: false} {
		if got := open.Withholds(Mandate{Kind: kind, Items: []string{AllItems}}, "passport"); got != want {
			t.Errorf("%s: a passport is withheld: %v", kind, got)
		}
	}
	if open.Withholds(Mandate{Kind: Relative}, "pension") || open.Withholds(Mandate{Kind: Relative}, "elsewhere") {
		t.Error("what may be delegated is withheld")
	}
}

func TestListsOfItemsThatCannotBeUsed(t *testing.T) {
	const names = `{"zh-CN": "甲", "zh-Hant": "甲", "en": "A"}`
	group := `{"code": "g", "names": ` + names + `}`
	item := `{"code": "b", "group": "g", "names": ` + names + `}`
	list := func(groups, items string) string { return `{"groups": [` + groups + `], "items": [` + items + `]}` }
	if _, err := ParseItems([]byte(list(group, item))); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"no JSON":            "x",
		"an unknown member":  list(group, strings.Replace(item, `"code"`, `"more": 1, "code"`, 1)),
		"no such group":      list("", item),
		"a group twice":      list(group+","+group, item),
		"an item twice":      list(group, item+","+item),
		"another order":      list(group, item+","+strings.Replace(item, `"b"`, `"a"`, 1)),
		"a blank in a code":  list(group, strings.Replace(item, `"b"`, `"b c"`, 1)),
		"the code of all":    list(group, strings.Replace(item, `"b"`, `"*"`, 1)),
		"no English name":    list(group, strings.Replace(item, `, "en": "A"`, "", 1)),
		"a name with blanks": list(group, strings.Replace(item, `"A"`, `" A"`, 1)),
		"for nobody":         list(group, strings.Replace(item, `"code"`, `"for": "dogs", "code"`, 1)),
	} {
		if _, err := ParseItems([]byte(content)); !errors.Is(err, ErrItems) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
