package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

const typeUsage = "type check|publish DIR | confirm|refuse ID --template SM3 | list | show CODE|ID | retire CODE --reason TEXT"

// typeCommand is one run of `yinxin admin type`.
type typeCommand struct {
	command
	types     *app.LicenseTypes
	arguments []string
	template  string
	reason    string
	effective string
	dryRun    bool
	preview   string
	sample    string
}

var typeWords = map[string]struct {
	arguments int
	run       func(t typeCommand) error
}{
	"check": {1, typeCommand.check}, "publish": {1, typeCommand.publish}, "confirm": {1, typeCommand.confirm}, "refuse": {1, typeCommand.refuse},
	"list": {0, typeCommand.list}, "show": {1, typeCommand.show}, "retire": {1, typeCommand.retire},
}

// adminType looks at packages of licence types and brings them into use.
func adminType(ctx context.Context, c command) int {
	word := ""
	for i, argument := range c.args { // flags may stand before the word
		if _, ok := typeWords[argument]; ok {
			word, c.args = argument, append(append([]string{}, c.args[:i]...), c.args[i+1:]...)
			break
		}
	}
	set := c.flags("admin "+strings.TrimSpace("type "+word), typeUsage)
	state := stateFlags(set)
	t := typeCommand{}
	t.setFlags(set)
	operator := set.String("as", "", "`name` of the person who does this; the user of the system when left out")
	arguments, status, done := c.parse(set, 0, -1)
	if done {
		return status
	}
	wanted, ok := typeWords[word]
	if !ok || len(arguments) != wanted.arguments {
		return c.fail(exitMisuse, "admin type", errors.New("use "+typeUsage))
	}
	who, err := operatorName(*operator)
	if err != nil {
		return c.fail(exitMisuse, "admin type", err)
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "admin type", err)
	}
	types, err := app.OpenLicenseTypes(ctx, cfg, who, c.log())
	if err != nil {
		return c.fail(exitFailed, "admin type", err)
	}
	defer types.Close()
	t.command, t.types, t.arguments = c, types, arguments
	err = wanted.run(t)
	if faults := catalog.Faults(err); len(faults) > 0 {
		for _, f := range faults {
			fmt.Fprintln(c.stderr, f)
		}
		return c.fail(exitFailed, "admin type "+word, fmt.Errorf("%s: %d faults", fault.TypePackage, len(faults)))
	}
	switch {
	case errors.Is(err, typepackage.ErrArchive), errors.Is(err, os.ErrNotExist):
		return c.fail(exitMisuse, "admin type "+word, err)
	case err != nil:
		return c.fail(exitFailed, "admin type "+word, err)
	}
	return exitDone
}

func (t *typeCommand) setFlags(set *flag.FlagSet) {
	set.StringVar(&t.template, "template", "", "`SM3` of the package that was read, as show prints it")
	set.StringVar(&t.reason, "reason", "", "`text` for the record")
	set.StringVar(&t.effective, "effective", "", "`day` (YYYY-MM-DD) from which licences are made by the version, in the place of that of the package")
	set.BoolVar(&t.dryRun, "dry-run", false, "publish: do all but store")
	set.StringVar(&t.preview, "preview", "", "`file` for a picture (PNG) of the sample's first page")
	set.StringVar(&t.sample, "sample", "", "`file` for the sample (OFD), sealed with a test seal that is thrown away")
}

// operatorName tells people apart who share a machine; sudo keeps the name of who used it.
func operatorName(given string) (string, error) {
	name := cmp.Or(given, os.Getenv("SUDO_USER"))
	if name == "" {
		current, err := user.Current()
		if err != nil {
			return "", fmt.Errorf("name yourself with --as: %w", err)
		}
		name = current.Username
	}
	if len(name) > 60 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == ':' || r == 0x7f }) {
		return "", fmt.Errorf("--as: %q is no name", name)
	}
	return name, nil
}

// files reads the package, with another effective date where one is given.
func (t typeCommand) files() (map[string][]byte, error) {
	files, err := app.ReadTypePackage(t.arguments[0])
	if err != nil || t.effective == "" {
		return files, err
	}
	day, err := time.Parse(time.DateOnly, t.effective)
	if err != nil {
		return nil, fmt.Errorf("--effective: %q is not a day such as 2027-01-01", t.effective)
	}
	return catalog.WithRow(files, "effective_date", day.Format("20060102")), nil
}

func (t typeCommand) check() error {
	files, err := t.files()
	if err != nil {
		return err
	}
	checked, err := t.types.Check(files)
	if err != nil {
		return err
	}
	return t.tell(checked)
}

func (t typeCommand) publish() error {
	if t.dryRun {
		return t.check()
	}
	files, err := t.files()
	if err != nil {
		return err
	}
	v, checked, err := t.types.Publish(files)
	if err != nil {
		return err
	}
	if err := t.tell(checked); err != nil {
		return err
	}
	if v.State == elicense.TypeProposed {
		fmt.Fprintf(t.stdout, "proposed as %s; another administrator runs: yinxin admin type confirm %s --template %s\n", v.ID, v.ID, v.Template)
		return nil
	}
	fmt.Fprintf(t.stdout, "published %s version %d, effective %s\n", v.Code, v.Version, v.EffectiveDate)
	return nil
}

// tell prints what was found out about a package and writes what was asked for.
func (t typeCommand) tell(c elicense.CheckedType) error {
	describeType(t.stdout, c.Type)
	if c.Trial != nil {
		fmt.Fprintf(t.stdout, "sample: %d page(s), sealed with a test seal that is thrown away, judged %s %s\n", c.Trial.Pages, c.Trial.Result.Verdict, c.Trial.Result.Code)
		for path, content := range map[string][]byte{t.preview: c.Trial.Preview, t.sample: c.Trial.Sealed} {
			if path == "" {
				continue
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				return err
			}
		}
	}
	describeChanges(t.stdout, c)
	return nil
}

func describeType(w io.Writer, t *catalog.Type) {
	types := catalog.Default()
	fmt.Fprintf(w, "%s %s, version %d, effective %s, template %s\n", t.Code, printable(t.Name.In("zh-CN")), t.Row.Version, t.Row.EffectiveDate, t.TemplateID())
	fmt.Fprintf(w, "%s %s, defined by %s (%s), %d fields, %d predicates, %d tests\n", types.EntryName(catalog.ListKinds, t.Row.Kind, "zh-CN"), types.EntryName(catalog.ListClasses, t.Row.Class, "zh-CN"),
		printable(t.Authority.Name), types.EntryName(catalog.ListLevels, t.Authority.Level, "zh-CN"), len(t.Fields), len(t.Predicates), len(t.Tests))
}

func describeChanges(w io.Writer, c elicense.CheckedType) {
	if c.Against == nil {
		fmt.Fprintln(w, "the first version of this type")
		return
	}
	fmt.Fprintf(w, "against version %d: %d changes\n", c.Against.Row.Version, len(c.Changes))
	for _, one := range c.Changes {
		mark := " "
		if one.Looser {
			mark = "!"
		}
		fmt.Fprintf(w, "%s %s %s: %s -> %s", mark, one.What, one.Object, cmp.Or(printable(one.From), "-"), cmp.Or(printable(one.To), "-"))
		if one.Looser {
			fmt.Fprint(w, "   LAXER: it shows more or asks less than before")
		}
		fmt.Fprintln(w)
	}
}

func (t typeCommand) confirm() error {
	v, err := t.types.Confirm(t.arguments[0], t.template)
	if err == nil {
		fmt.Fprintf(t.stdout, "published %s version %d, effective %s\n", v.Code, v.Version, v.EffectiveDate)
	}
	return err
}

func (t typeCommand) refuse() error {
	v, err := t.types.Refuse(t.arguments[0], t.template, t.reason)
	if err == nil {
		fmt.Fprintf(t.stdout, "refused %s version %d\n", v.Code, v.Version)
	}
	return err
}

func (t typeCommand) retire() error {
	err := t.types.Retire(t.arguments[0], t.reason)
	if err == nil {
		fmt.Fprintf(t.stdout, "retired %s; licences that were made are judged as before\n", t.arguments[0])
	}
	return err
}

func (t typeCommand) list() error {
	for _, one := range t.types.List("") {
		fmt.Fprintf(t.stdout, "%s\t%d\t%s\t%s\t%s\t%s\n", one.Type.Code, one.Type.Row.Version, one.Standing, one.Type.Row.EffectiveDate, catalog.Default().EntryName(catalog.ListKinds, one.Type.Row.Kind, "zh-CN"), printable(one.Type.Name.In("zh-CN")))
	}
	waiting, err := t.types.Proposed()
	for _, v := range waiting {
		fmt.Fprintf(t.stdout, "%s\t%d\t%s\t%s\t%s\tby %s\n", v.Code, v.Version, v.State, v.EffectiveDate, v.ID, printable(v.ProposedBy))
	}
	return err
}

// show prints every version of a type, or a proposal with what it changes.
func (t typeCommand) show() error {
	if strings.HasPrefix(t.arguments[0], "typ_") {
		v, checked, err := t.types.Proposal(t.arguments[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(t.stdout, "%s %s, proposed by %s at %s\n", v.ID, v.State, printable(v.ProposedBy), v.ProposedAt.Format(time.RFC3339))
		return t.tell(checked)
	}
	versions := t.types.List(t.arguments[0])
	if len(versions) == 0 {
		return fault.New(fault.LicenseTypeUnknown)
	}
	for _, one := range versions {
		fmt.Fprintf(t.stdout, "%s: ", one.Standing)
		describeType(t.stdout, one.Type)
		for _, f := range one.Type.Fields {
			fmt.Fprintf(t.stdout, "  %d\t%s\t%s\t%s\tmasking %s\n", f.Number, f.Key, printable(f.Label.In("zh-CN")), f.Kind, f.Masking)
		}
	}
	return nil
}
