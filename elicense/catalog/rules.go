package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FileRules says which applications are decided at once (秒批). A package may leave it out: then a person decides every application.
const FileRules = "rules.json"

// FaultRules classes what is wrong in the rules of a package.
const FaultRules FaultCode = "package_rules"

// Bounds of rules.
const (
	maxConditions  = 40
	maxRuleValues  = 200
	maxRuleDays    = 36600
	maxCeiling     = 1000000
	maxAppealDays  = 365
	maxReasonRunes = 100
	perMille       = 1000
)

// Rules decide about applications without a person. They are read-only.
type Rules struct {
	// MayRefuse says that an application may be refused by rule: reasons may have the effect refuse.
	MayRefuse bool `json:"may_refuse"`
	// DailyCeiling is how many licences of the type a platform approves by rule in a day of Beijing; what comes after goes to a person.
	DailyCeiling int `json:"daily_ceiling"`
	// SamplePerMille is the share of the applications that every condition would approve and that a person looks at all the same.
	SamplePerMille int `json:"sample_per_mille"`
	// AppealDays is how many days an applicant has to object to a refusal by rule.
	AppealDays int         `json:"appeal_days"`
	Reasons    []Reason    `json:"reasons"`
	Conditions []Condition `json:"conditions"` // all of them are needed
}

// Effect is what comes of an application whose condition fails.
type Effect string

// Effects.
const (
	EffectRefer  Effect = "refer"  // a person decides
	EffectRefuse Effect = "refuse" // it is refused
)

// Reason is why an application was not approved at once.
type Reason struct {
	Code   string `json:"code"`
	Words  Text   `json:"words"`
	Effect Effect `json:"effect"` // refer when it is empty
}

// Facts that a condition asks for.
const (
	FactValueIn      = "value_in"       // every value of field is one of values
	FactValueNotIn   = "value_not_in"   // none is
	FactValueGiven   = "value_given"    // field has a value
	FactNumber       = "number_between" // field is a number from min to max, with unit behind it where that is given
	FactDate         = "date_within"    // field is a day from min to max days after the day of the application
	FactEquals       = "value_equals"   // field has the value of the field of in a licence of type that the holder has and that is in force
	FactLevel        = "holder_level"   // every holder is proven here at level min at least
	FactHolds        = "holder_has"     // the holder has a licence of type in force whose period covers the day in field, or the day of the application
	FactNoOther      = "none_of_type"   // no holder has a licence of this type in force or on its way
	FactApplications = "applications"   // the holders asked at most max times for this type within the last days days, this application included
)

// Condition asks for one fact. Which members it has hangs on the fact.
type Condition struct {
	ID     string   `json:"id"`
	Fact   string   `json:"fact"`
	Field  string   `json:"field"`
	Values []string `json:"values"`
	Type   string   `json:"type"` // licence type code
	Of     string   `json:"of"`
	Unit   string   `json:"unit"`
	Min    *int     `json:"min"`
	Max    *int     `json:"max"`
	Days   int      `json:"days"`
	Reason string   `json:"reason"`
}

// RuleFacts is what a platform knows of an application beside its values. What is nil or absent is unknown, and no application is approved by
// what is unknown.
type RuleFacts struct {
	Day          string      `json:"day"`          // of the application, YYYYMMDD in the time of Beijing
	Level        *int        `json:"level"`        // the lowest of all holders
	Held         *[]HeldFact `json:"held"`         // licences of the holder that are in force, of the types that rules ask for
	Others       *int        `json:"others"`       // licences of this type, in force or on their way, of any holder
	Applications map[int]int `json:"applications"` // by days
}

// HeldFact is a licence that the holder has and that is in force.
type HeldFact struct {
	Type   string `json:"type"`
	Values Values `json:"values"`
}

// Outcome is what rules say of an application.
type Outcome string

// Outcomes.
const (
	OutcomeApprove Outcome = "approve"
	OutcomeRefer   Outcome = "refer"
	OutcomeRefuse  Outcome = "refuse"
)

// Truth of a condition.
type Truth string

// Truths.
const (
	Holds   Truth = "holds"
	Fails   Truth = "fails"
	Unknown Truth = "unknown"
)

// ReasonUnknown is the code of the platform for a condition that could not be judged. Codes of packages have upper-case letters.
const ReasonUnknown = "unknown"

// Judged is a condition with what came of it.
type Judged struct {
	ID       string
	Fact     string
	Truth    Truth
	Evidence string // what it was judged by
	Personal bool   // the evidence is a value of the application or of a licence
	Reason   string // unless it holds
}

// RuleOutcome is what rules say of one application.
type RuleOutcome struct {
	Outcome    Outcome
	Reasons    []string // in the order of the conditions, each once; none when it is approved
	Conditions []Judged
}

// isReason is the form of a code of a reason: capitals, digits and hyphens, 16 at most, the first a capital.
func isReason(code string) bool {
	return code != "" && len(code) <= 16 && code[0] >= 'A' && code[0] <= 'Z' && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// Reason finds a reason by its code.
func (r *Rules) Reason(code string) (Reason, bool) {
	i := slices.IndexFunc(r.Reasons, func(one Reason) bool { return one.Code == code })
	if i < 0 {
		return Reason{}, false
	}
	return r.Reasons[i], true
}

// HeldTypes are the types whose licences the conditions ask for.
func (r *Rules) HeldTypes() (codes []string) {
	for _, c := range r.Conditions {
		if (c.Fact == FactEquals || c.Fact == FactHolds) && !slices.Contains(codes, c.Type) {
			codes = append(codes, c.Type)
		}
	}
	return codes
}

// Windows are the numbers of days within which applications are counted.
func (r *Rules) Windows() (days []int) {
	for _, c := range r.Conditions {
		if c.Fact == FactApplications && !slices.Contains(days, c.Days) {
			days = append(days, c.Days)
		}
	}
	return days
}

// Asks tells whether a condition asks for the fact.
func (r *Rules) Asks(fact string) bool {
	return slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Fact == fact })
}

// Decide judges the values of an application of the type, which has rules. Approved is only what every condition holds for; one that is unknown, or that
// fails and is to be referred, brings it to a person, whatever the others say.
func (t *Type) Decide(values Values, facts RuleFacts) RuleOutcome {
	out := RuleOutcome{Outcome: OutcomeApprove}
	for _, c := range t.Rules.Conditions {
		j := Judged{ID: c.ID, Fact: c.Fact}
		j.Truth, j.Evidence, j.Personal = c.judge(values, facts)
		effect := EffectRefer
		switch j.Truth {
		case Holds:
			out.Conditions = append(out.Conditions, j)
			continue
		case Fails:
			reason, _ := t.Rules.Reason(c.Reason)
			j.Reason = c.Reason
			if t.Rules.MayRefuse && reason.Effect == EffectRefuse {
				effect = EffectRefuse
			}
		default:
			j.Reason = ReasonUnknown
		}
		if !slices.Contains(out.Reasons, j.Reason) {
			out.Reasons = append(out.Reasons, j.Reason)
		}
		if effect == EffectRefer {
			out.Outcome = OutcomeRefer
		} else if out.Outcome == OutcomeApprove {
			out.Outcome = OutcomeRefuse
		}
		out.Conditions = append(out.Conditions, j)
	}
	return out
}

func truth(holds bool) Truth {
	if holds {
		return Holds
	}
	return Fails
}

func (c Condition) judge(values Values, facts RuleFacts) (is Truth, evidence string, personal bool) {
	list := values[c.Field]
	shown := strings.Join(list, "|")
	switch c.Fact {
	case FactValueGiven:
		return truth(len(list) > 0), strconv.Itoa(len(list)), false
	case FactValueIn, FactValueNotIn, FactNumber, FactDate, FactEquals:
		if len(list) == 0 {
			return Unknown, "", false
		}
	}
	switch c.Fact {
	case FactValueIn:
		return truth(!slices.ContainsFunc(list, func(v string) bool { return !slices.Contains(c.Values, v) })), shown, true
	case FactValueNotIn:
		return truth(!slices.ContainsFunc(list, func(v string) bool { return slices.Contains(c.Values, v) })), shown, true
	case FactNumber:
		return c.judgeNumber(list), shown, true
	case FactDate:
		return c.judgeDate(list, facts.Day), shown, true
	case FactEquals:
		return c.judgeEquals(list, facts.Held), shown, true
	case FactHolds:
		return c.judgeHolds(values, facts)
	case FactLevel:
		return c.judgeCount(facts.Level, func(n int) bool { return n >= *c.Min })
	case FactNoOther:
		return c.judgeCount(facts.Others, func(n int) bool { return n == 0 })
	case FactApplications:
		n, known := facts.Applications[c.Days]
		if !known {
			return Unknown, "", false
		}
		return c.judgeCount(&n, func(n int) bool { return n <= *c.Max })
	}
	return Unknown, "", false
}

func (Condition) judgeCount(n *int, holds func(n int) bool) (Truth, string, bool) {
	if n == nil {
		return Unknown, "", false
	}
	return truth(holds(*n)), strconv.Itoa(*n), false
}

// isNumber is a decimal with 15 digits before the point at most and six behind it. (Package regexp is not in the verifier for browsers.)
func isNumber(text string) bool {
	whole, part, pointed := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	digits := func(s string, most int) bool {
		return s != "" && len(s) <= most && strings.Trim(s, "0123456789") == ""
	}
	return digits(whole, 15) && (!pointed || digits(part, 6))
}

func (c Condition) judgeNumber(list []string) Truth {
	all := Holds
	for _, value := range list {
		digits, hasUnit := strings.CutSuffix(value, c.Unit)
		if !hasUnit || !isNumber(digits) {
			return Unknown
		}
		low, high, err := between(digits)
		if err != nil {
			return Unknown
		}
		if c.Min != nil && low < int64(*c.Min) || c.Max != nil && high > int64(*c.Max) {
			all = Fails
		}
	}
	return all
}

// between are the whole numbers next to a decimal of isNumber: a number is below a whole one if the lower is, and above it if the higher is.
func between(digits string) (low, high int64, err error) {
	whole, part, _ := strings.Cut(digits, ".")
	low, err = strconv.ParseInt(whole, 10, 64)
	high = low
	if strings.Trim(part, "0") == "" {
		return low, high, err
	}
	if strings.HasPrefix(digits, "-") {
		return low - 1, high, err
	}
	return low, high + 1, err
}

func (c Condition) judgeDate(list []string, day string) Truth {
	from, err := time.Parse("20060102", day)
	if err != nil {
		return Unknown
	}
	all := Holds
	for _, value := range list {
		is, err := time.Parse("20060102", value)
		if err != nil {
			return Unknown
		}
		days := int(is.Sub(from) / (24 * time.Hour))
		if c.Min != nil && days < *c.Min || c.Max != nil && days > *c.Max {
			all = Fails
		}
	}
	return all
}

func (c Condition) judgeEquals(list []string, held *[]HeldFact) Truth {
	if held == nil {
		return Unknown
	}
	for _, l := range *held {
		if l.Type == c.Type && slices.Equal(l.Values[c.Of], list) {
			return Holds
		}
	}
	if !slices.ContainsFunc(*held, func(l HeldFact) bool { return l.Type == c.Type }) {
		return Unknown // there is nothing to compare with
	}
	return Fails
}

func (c Condition) judgeHolds(values Values, facts RuleFacts) (Truth, string, bool) {
	day := facts.Day
	if c.Field != "" {
		day = values.First(c.Field)
	}
	moment, err := time.ParseInLocation("20060102", day, chinaTime)
	if err != nil || facts.Held == nil {
		return Unknown, "", false
	}
	n := 0
	for _, l := range *facts.Held {
		if l.Type == c.Type && InPeriod(l.Values, moment) {
			n++
		}
	}
	return truth(n > 0), strconv.Itoa(n), false
}

// checkRules judges the rules by themselves and beside the fields of the type.
func (t *Type) checkRules() error {
	r := t.Rules
	var faults []error
	refuse := func(place, format string, args ...any) {
		faults = append(faults, at(place, fmt.Errorf(format, args...)))
	}
	if r.DailyCeiling < 1 || r.DailyCeiling > maxCeiling {
		refuse("daily_ceiling", "daily_ceiling is from 1 to %d; with less, every application is referred", maxCeiling)
	}
	if r.SamplePerMille < 0 || r.SamplePerMille >= perMille {
		refuse("sample_per_mille", "sample_per_mille is from 0 to %d; with more, every application is referred", perMille-1)
	}
	if r.AppealDays < 1 || r.AppealDays > maxAppealDays {
		refuse("appeal_days", "appeal_days is from 1 to %d", maxAppealDays)
	}
	if len(r.Conditions) == 0 || len(r.Conditions) > maxConditions || len(r.Reasons) > maxConditions {
		refuse("conditions", "from 1 to %d conditions, and no more reasons", maxConditions)
		return errors.Join(faults...)
	}
	used := map[string]bool{}
	for i, c := range r.Conditions {
		used[c.Reason] = true
		place := element("conditions", i)
		if !keyForm(c.ID) || slices.ContainsFunc(r.Conditions[:i], func(one Condition) bool { return one.ID == c.ID }) {
			refuse(place+".id", "id %q is no key, or stands twice", c.ID)
		}
		if _, ok := r.Reason(c.Reason); !ok {
			refuse(place+".reason", "reason %q is not among the reasons", c.Reason)
		}
		if err := t.checkCondition(c); err != nil {
			refuse(place, "%w", err)
			continue
		}
		for _, other := range r.Conditions[:i] {
			if t.contradict(other, c) {
				refuse(place, "contradicts condition %q: both never hold, so that every application is referred or refused", other.ID)
			}
		}
	}
	for i, reason := range r.Reasons {
		place := element("reasons", i)
		switch {
		case !isReason(reason.Code) || slices.ContainsFunc(r.Reasons[:i], func(one Reason) bool { return one.Code == reason.Code }):
			refuse(place+".code", "code %q is not upper-case letters, digits and hyphens, or stands twice", reason.Code)
		case !used[reason.Code]:
			refuse(place+".code", "no condition gives reason %q", reason.Code)
		case !reason.Words.plain(maxReasonRunes):
			refuse(place+".words", "reason %q needs words in zh-CN and en, of at most %d characters", reason.Code, maxReasonRunes)
		case reason.Effect != "" && reason.Effect != EffectRefer && reason.Effect != EffectRefuse:
			refuse(place+".effect", "effect %q is neither refer nor refuse", reason.Effect)
		case reason.Effect == EffectRefuse && !r.MayRefuse:
			refuse(place+".effect", "reason %q refuses, and may_refuse does not say that a refusal may be automatic", reason.Code)
		}
	}
	return errors.Join(faults...)
}

// conditionMembers are the members that a condition of each fact has; those with a question mark may be left out.
var conditionMembers = map[string]string{
	FactValueIn: "field values", FactValueNotIn: "field values", FactValueGiven: "field", FactNumber: "field min? max? unit?", FactDate: "field min? max?",
	FactEquals: "field type of", FactLevel: "min", FactHolds: "type field?", FactNoOther: "", FactApplications: "max days",
}

func (t *Type) checkCondition(c Condition) error {
	members, known := conditionMembers[c.Fact]
	if !known {
		return fmt.Errorf("fact %q is unknown", c.Fact)
	}
	given := map[string]bool{"field": c.Field != "", "values": len(c.Values) > 0, "type": c.Type != "", "of": c.Of != "", "unit": c.Unit != "", "min": c.Min != nil, "max": c.Max != nil, "days": c.Days != 0}
	for _, member := range strings.Fields(members) {
		name, optional := strings.CutSuffix(member, "?")
		if !given[name] && !optional {
			return fmt.Errorf("%s needs %s", c.Fact, name)
		}
		delete(given, name)
	}
	for _, name := range []string{"field", "values", "type", "of", "unit", "min", "max", "days"} {
		if given[name] {
			return fmt.Errorf("%s has no %s", c.Fact, name)
		}
	}
	if c.Type != "" && !typeCode(c.Type) {
		return fmt.Errorf("type %q is no licence type code", c.Type)
	}
	var f Field
	if c.Field != "" {
		if f, known = t.Field(c.Field); !known || slices.Contains(unruled, c.Field) {
			return fmt.Errorf("field %q is no field that an application gives", c.Field)
		}
	}
	switch c.Fact {
	case FactValueIn, FactValueNotIn:
		return t.checkRuleValues(c, f)
	case FactNumber, FactDate:
		if c.Min == nil && c.Max == nil || c.Min != nil && c.Max != nil && *c.Min > *c.Max {
			return fmt.Errorf("%s needs min or max, and min is not beyond max", c.Fact)
		}
		if c.Fact == FactDate && (f.Kind != KindDate || !within(c.Min, -maxRuleDays, maxRuleDays) || !within(c.Max, -maxRuleDays, maxRuleDays)) {
			return fmt.Errorf("date_within needs a field of the kind date, and at most %d days", maxRuleDays)
		}
		if c.Fact == FactNumber && (f.Kind == KindDate || f.Kind == KindTime || c.Unit != "" && !plainText(c.Unit, 8)) {
			return errors.New("number_between needs a field of the kind text or code, and a unit of at most 8 characters")
		}
	case FactHolds:
		if c.Field != "" && f.Kind != KindDate {
			return errors.New("holder_has needs a field of the kind date")
		}
	case FactEquals:
		if versions := t.catalog.builtIn[c.Type]; len(versions) > 0 {
			held, err := versions[len(versions)-1]()
			if err != nil {
				return err
			}
			if _, ok := held.Field(c.Of); !ok {
				return fmt.Errorf("licences of type %s have no field %q", c.Type, c.Of)
			}
		} else if !keyForm(c.Of) {
			return fmt.Errorf("of %q is no key of a field", c.Of)
		}
	case FactLevel:
		if !within(c.Min, 1, 4) {
			return errors.New("holder_level is from 1 to 4; nobody is above and everybody is at 0")
		}
	case FactApplications:
		if *c.Max < 1 || c.Days < 1 || c.Days > maxRuleDays {
			return fmt.Errorf("applications counts this one too, so that max is 1 at least, within 1 to %d days", maxRuleDays)
		}
	}
	return nil
}

// unruled are fields that an application does not give.
var unruled = []string{KeyLicenseID, KeyVersion, KeyIssuedDate, KeyCreatedAt, KeyReplaces}

func within(n *int, least, most int) bool { return n == nil || *n >= least && *n <= most }

func (t *Type) checkRuleValues(c Condition, f Field) error {
	if len(c.Values) > maxRuleValues {
		return fmt.Errorf("at most %d values", maxRuleValues)
	}
	fits := false
	for i, value := range c.Values {
		if reason := checkValue(value, f.Kind, f.MaxRunes); reason != "" || slices.Contains(c.Values[:i], value) {
			return fmt.Errorf("value %q cannot stand in field %q, or stands twice", value, c.Field)
		}
		fits = fits || c.Field != KeyHolderType || slices.Contains(t.HolderCodeTypes, value)
	}
	if c.Fact == FactValueIn && !fits {
		return fmt.Errorf("no holder of the type has one of the code types %v, so that the condition never holds", c.Values)
	}
	return nil
}

// contradict tells whether two conditions on one fact can never hold together.
func (t *Type) contradict(a, b Condition) bool {
	if a.Fact == FactHolds && b.Fact == FactNoOther || a.Fact == FactNoOther && b.Fact == FactHolds {
		return max(a.Type, b.Type) == t.Code && a.Field+b.Field == ""
	}
	if a.Field == "" || a.Field != b.Field {
		return false
	}
	in := func(list []string) func(string) bool {
		return func(v string) bool { return slices.Contains(list, v) }
	}
	switch {
	case a.Fact == FactValueIn && b.Fact == FactValueIn:
		return !slices.ContainsFunc(a.Values, in(b.Values))
	case a.Fact == FactValueIn && b.Fact == FactValueNotIn, a.Fact == FactValueNotIn && b.Fact == FactValueIn:
		allowed, barred := a.Values, b.Values
		if a.Fact == FactValueNotIn {
			allowed, barred = barred, allowed
		}
		return !slices.ContainsFunc(allowed, func(v string) bool { return !slices.Contains(barred, v) })
	case a.Fact == b.Fact && (a.Fact == FactDate || a.Fact == FactNumber && a.Unit == b.Unit):
		return a.Min != nil && b.Max != nil && *a.Min > *b.Max || b.Min != nil && a.Max != nil && *b.Min > *a.Max
	}
	return a.Fact == FactNumber && b.Fact == FactNumber && a.Unit != b.Unit
}

// RuleTest is what rules say of the data of a test.
type RuleTest struct {
	Facts   RuleFacts `json:"facts"`
	Outcome Outcome   `json:"outcome"`
	Reasons []string  `json:"reasons"`
}

// rulesExam examines the rules of a package that is read.
type rulesExam struct{ check, try func(t *Type) error }

var rulesExamined = &rulesExam{(*Type).checkRules, (*Type).tryRules}

// tryRules runs the tests of a package that say what its rules decide.
func (t *Type) tryRules() error {
	var faults []error
	for i, test := range t.Tests {
		if test.Decision == nil {
			continue
		}
		if err := t.runRuleTest(*test.Decision, t.testValues(test)); err != nil {
			faults = append(faults, at(element("", i), fmt.Errorf("%q: %w", test.Name, err)))
		}
	}
	return errors.Join(append(faults, t.testedRules())...)
}

func (t *Type) runRuleTest(test RuleTest, values Values) error {
	if t.Rules == nil {
		return errors.New("the package has no rules to decide by")
	}
	if test.Facts.Day == "" {
		test.Facts.Day = t.Sample.First(KeyIssuedDate)
	}
	got := t.Decide(values, test.Facts)
	if got.Outcome != test.Outcome || !slices.Equal(got.Reasons, test.Reasons) {
		return fmt.Errorf("decided is %s %v, the test says %s %v", got.Outcome, got.Reasons, test.Outcome, test.Reasons)
	}
	return nil
}

// testedRules asks for a case that is approved, which shows that rules can, and for one that fails each reason, which shows that none is idle.
func (t *Type) testedRules() error {
	if t.Rules == nil {
		return nil
	}
	approved, shown := false, map[string]bool{}
	for _, test := range t.Tests {
		if test.Decision == nil {
			continue
		}
		approved = approved || test.Decision.Outcome == OutcomeApprove
		for _, code := range test.Decision.Reasons {
			shown[code] = true
		}
	}
	var faults []error
	if !approved {
		faults = append(faults, errors.New("rules: tests show no application that is approved at once"))
	}
	for _, reason := range t.Rules.Reasons {
		if !shown[reason.Code] {
			faults = append(faults, fmt.Errorf("rules: no test shows reason %q", reason.Code))
		}
	}
	return errors.Join(faults...)
}

// diffRules lists what a version changes of the rules of another one. Whatever changes a condition may let pass what went to a person before.
func diffRules(old, now *Rules) (list []Change) {
	if old == nil && now == nil {
		return nil
	}
	describe := func(r *Rules) map[string]string {
		all := map[string]string{}
		if r == nil {
			return all
		}
		all["may_refuse"], all["daily_ceiling"] = strconv.FormatBool(r.MayRefuse), strconv.Itoa(r.DailyCeiling)
		all["sample_per_mille"], all["appeal_days"] = strconv.Itoa(r.SamplePerMille), strconv.Itoa(r.AppealDays)
		for _, reason := range r.Reasons {
			all["reason "+reason.Code] = strings.Join([]string{string(reason.Effect), reason.Words.In("zh-CN")}, " ")
		}
		for _, c := range r.Conditions {
			all["condition "+c.ID] = c.describe()
		}
		return all
	}
	list = diffMaps("rule", describe(old), describe(now), func(string, string) bool { return true })
	for i := range list { // a condition that is gone lets more pass
		list[i].Looser = true
	}
	return list
}

func (c Condition) describe() string {
	parts := []string{c.Fact}
	for _, part := range []string{c.Field, strings.Join(c.Values, "|"), c.Type, c.Of, c.Unit} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, bound := range []struct {
		name string
		n    *int
	}{{"min", c.Min}, {"max", c.Max}} {
		if bound.n != nil {
			parts = append(parts, bound.name+"="+strconv.Itoa(*bound.n))
		}
	}
	if c.Days != 0 {
		parts = append(parts, "days="+strconv.Itoa(c.Days))
	}
	return strings.Join(append(parts, c.Reason), " ")
}
