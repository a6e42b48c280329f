package subject

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed countries.json
var builtInCountries []byte

// Country is a code of ISO 3166-1.
type Country struct {
	Alpha3 string `json:"alpha3"`
	Alpha2 string `json:"alpha2"`
	// NoPassports: nobody lives there, or the people there are Chinese citizens, who have permits and identity cards.
	NoPassports bool `json:"no_passports,omitempty"`
}

// SpecialCode stands in documents in the place of a country (ICAO Doc 9303-3 section 5).
type SpecialCode struct {
	Code  string `json:"code"`
	Means string `json:"means"`
	// Country is the alpha-3 code that it stands for; empty for what is no country.
	Country string `json:"country,omitempty"`
}

// Countries is the table of codes. Names of countries are not in it: whoever shows a country has them from the Unicode CLDR.
type Countries struct {
	byAlpha3, byAlpha2 map[string]Country
	specials           map[string]SpecialCode
	nationalities      []string
}

// BuiltInCountries is the table that comes with this package.
var BuiltInCountries = sync.OnceValue(func() Countries {
	c, err := ParseCountries(builtInCountries)
	if err != nil {
		panic(err) // it is embedded above
	}
	return c
})

// ErrCountries is a table that cannot be used.
var ErrCountries = errors.New("subject: the table of countries cannot be used")

// ParseCountries reads a table: {"countries": [Country…], "specials": [SpecialCode…]}, each ordered by code.
func ParseCountries(content []byte) (Countries, error) {
	var table struct {
		Countries []Country     `json:"countries"`
		Specials  []SpecialCode `json:"specials"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&table); err != nil {
		return Countries{}, fmt.Errorf("%w: %w", ErrCountries, err)
	}
	c := Countries{byAlpha3: map[string]Country{}, byAlpha2: map[string]Country{}, specials: map[string]SpecialCode{}}
	before := ""
	for _, one := range table.Countries {
		_, again := c.byAlpha2[one.Alpha2]
		if !capitals(one.Alpha3, 3, 3) || !capitals(one.Alpha2, 2, 2) || again || one.Alpha3 <= before {
			return Countries{}, fmt.Errorf("%w: country %q, %q: two and three capitals, each once, in order", ErrCountries, one.Alpha3, one.Alpha2)
		}
		before = one.Alpha3
		c.byAlpha3[one.Alpha3], c.byAlpha2[one.Alpha2] = one, one
		if !one.NoPassports {
			c.nationalities = append(c.nationalities, one.Alpha3)
		}
	}
	before = ""
	for _, one := range table.Specials {
		_, isCountry := c.byAlpha3[one.Code]
		_, known := c.byAlpha3[one.Country]
		if !capitals(one.Code, 1, 3) || len(one.Code) == 2 || isCountry || one.Means == "" || one.Country != "" && !known || one.Code <= before {
			return Countries{}, fmt.Errorf("%w: special code %q: one or three capitals, no country, with its meaning, in order", ErrCountries, one.Code)
		}
		before = one.Code
		c.specials[one.Code] = one
	}
	return c, nil
}

func capitals(text string, least, most int) bool {
	return len(text) >= least && len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r < 'A' || r > 'Z' })
}

// Nationalities are the alpha-3 codes that a passport may tell, in order.
func Nationalities() []string { return slices.Clone(BuiltInCountries().nationalities) }

// Alpha2 is the two-letter code of a three-letter one; empty for one that is none.
func Alpha2(alpha3 string) string { return BuiltInCountries().byAlpha3[alpha3].Alpha2 }

// ParseNationality reads a code of ISO 3166-1 alpha-3, one of alpha-2, or one of ICAO Doc 9303-3 that stands for no country;
// "D", as German passports have it, is DEU.
func ParseNationality(text string) (string, error) {
	code := strings.TrimRight(strings.ToUpper(narrow(text)), "<")
	table := BuiltInCountries()
	if special, ok := table.specials[code]; ok {
		if special.Country != "" {
			return special.Country, nil
		}
		return code, nil
	}
	if country, ok := table.byAlpha2[code]; ok {
		return country.Alpha3, nil
	}
	if _, ok := table.byAlpha3[code]; ok {
		return code, nil
	}
	return "", ErrNationality
}
