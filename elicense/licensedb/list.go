package licensedb

import (
	"context"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// conditions of a list, joined by AND, with their arguments.
type conditions struct {
	texts     []string
	arguments []any
}

func (c *conditions) add(text string, values ...any) {
	for _, value := range values {
		c.arguments = append(c.arguments, value)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(c.arguments)), 1)
	}
	c.texts = append(c.texts, text)
}

// inAreas bounds a list by the areas of its rows; nil is not bounded.
func (c *conditions) inAreas(areas []string) {
	if areas != nil {
		c.texts = append(c.texts, c.below(areas))
	}
}

// ofLicenses bounds a list by the areas of the licences that its rows belong to; nil is not bounded.
func (c *conditions) ofLicenses(areas []string) {
	if areas != nil {
		c.texts = append(c.texts, "license IN (SELECT id FROM lic_license WHERE "+c.below(areas)+")")
	}
}

func (c *conditions) below(areas []string) (within string) {
	within, c.arguments = sqldb.Below("area", areas, c.arguments...)
	return within
}

// behind takes what stands after a cursor of a time and the key of a row, by an operator.
func (c *conditions) behind(column, key, operator, cursor string) error {
	if cursor == "" {
		return nil
	}
	at, id, ok := strings.Cut(cursor, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil {
		return elicense.ErrNotFound
	}
	c.add("("+column+" "+operator+" ? OR "+column+" = ? AND "+key+" "+operator+" ?)", micros, micros, id)
	return nil
}

func (c *conditions) query(selected, order string, limit int) (string, []any) {
	if len(c.texts) > 0 {
		selected += " WHERE " + strings.Join(c.texts, " AND ")
	}
	c.arguments = append(c.arguments, limit)
	return selected + " ORDER BY " + order + " LIMIT $" + strconv.Itoa(len(c.arguments)), c.arguments
}

// rows reads what a query gives.
func rows[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, arguments ...any) (list []T, err error) {
	found, err := s.db.Read().QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		one, err := scan(found)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, found.Err()
}
