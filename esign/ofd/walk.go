package ofd

import (
	"slices"
	"strings"
)

const rootFile = "/OFD.xml"

// Namespaces of GB/T 33190-2016 and of what came before it.
const (
	Namespace    = "http://www.ofdspec.org/2016"
	NamespaceOld = "http://www.ofdspec.org"
)

// walk follows every reference from OFD.xml and gives each file its role.
func (p *Package) walk() *Error {
	if p.exact[rootFile] == nil {
		return refuse(CodeStructure, "", "no OFD.xml at the root")
	}
	p.mark(rootFile, Container)
	root, failure := p.tree(rootFile)
	if failure != nil {
		return failure
	}
	if root.Name != "OFD" {
		return refuse(CodeXML, rootFile, "the root element is %s", clip(root.Name))
	}
	p.Namespace = root.Namespace
	if root.Namespace != Namespace {
		p.Deviations = append(p.Deviations, Deviation{"namespace", rootFile, root.Namespace})
	}
	bodies := root.All("DocBody")
	if len(bodies) == 0 {
		return refuse(CodeXML, rootFile, "no DocBody")
	}
	if failure := oneReading(root, bodies); failure != nil {
		return failure
	}
	p.Bodies = len(bodies)
	for i, body := range bodies {
		if failure := p.walkBody(i, body); failure != nil {
			return failure
		}
	}
	p.walkIntegrityList()
	return nil
}

// oneReading refuses an OFD.xml that two viewers could follow to two documents: an element that may stand once and stands
// twice, or an element of another namespace that has the name of ours (D-08, D-12).
func oneReading(root *Node, bodies []*Node) *Error {
	for _, body := range bodies {
		if failure := once(rootFile, body, "DocInfo", "DocRoot", "Versions", "Signatures"); failure != nil {
			return failure
		}
	}
	return oneNamespace(rootFile, root)
}

// once refuses an element whose children of these names do not stand at most once: viewers differ in which they take.
func once(path string, parent *Node, names ...string) *Error {
	for _, name := range names {
		if len(parent.All(name)) > 1 {
			return refuse(CodeXML, path, "two elements %s in %s", name, clip(parent.Name))
		}
	}
	return nil
}

// oneNamespace refuses elements of another namespace than the root element's.
func oneNamespace(path string, root *Node) *Error {
	var visit func(n *Node) *Error
	visit = func(n *Node) *Error {
		if n.Namespace != root.Namespace {
			return refuse(CodeXML, path, "element %s of another namespace", clip(n.Name))
		}
		for _, c := range n.Children {
			if failure := visit(c); failure != nil {
				return failure
			}
		}
		return nil
	}
	return visit(root)
}

// isTrue reads an xs:boolean.
func isTrue(text string) bool {
	text = strings.TrimSpace(text)
	return text == "true" || text == "1"
}

func (p *Package) walkBody(index int, body *Node) *Error {
	info := readInfo(body.Child("DocInfo"))
	signatures := ""
	if list := body.Child("Signatures"); list != nil {
		path, found, failure := p.locate(rootFile, list.Value())
		if failure != nil {
			return failure
		}
		if !found {
			p.Dangling = slices.DeleteFunc(p.Dangling, func(d string) bool { return d == path }) // a fault, not a warning
			p.Faults = append(p.Faults, refuse(CodePath, path, "OFD.xml names a list of signatures that is not there"))
		} else {
			signatures = path
		}
	}
	first := len(p.Documents)
	if failure := p.walkDocument(&Document{Body: index, Current: true, Info: info, SignaturesPath: signatures}, rootFile, body.Child("DocRoot").Value()); failure != nil {
		return failure
	}
	for _, version := range body.Child("Versions").All("Version") {
		if failure := p.walkVersion(version, &Document{Body: index, Info: info, SignaturesPath: signatures}, first); failure != nil {
			return failure
		}
	}
	if signatures != "" {
		return p.walkSignatures(signatures, first)
	}
	return nil
}

func readInfo(info *Node) Info {
	all := Info{DocID: info.Child("DocID").Value(), Title: info.Child("Title").Value(), Author: info.Child("Author").Value(),
		Creator: info.Child("Creator").Value(), CreationDate: info.Child("CreationDate").Value(), ModDate: info.Child("ModDate").Value()}
	for _, list := range append(info.All("CustomDatas"), info.All("CuslomDatas")...) { // a known misspelling
		for _, data := range append(list.All("CustomData"), list.All("CuslomData")...) {
			all.CustomDatas = append(all.CustomDatas, CustomData{data.AttrOr("Name", data.AttrOr("name", "")), data.Text})
		}
	}
	return all
}

// walkVersion follows a version file to its own document; the current version takes the place of the DocRoot.
func (p *Package) walkVersion(version *Node, document *Document, first int) *Error {
	path, found, failure := p.locate(rootFile, version.AttrOr("BaseLoc", ""))
	if !found {
		return failure
	}
	p.mark(path, Visible)
	tree, failure := p.tree(path)
	if failure != nil {
		return failure
	}
	if failure := once(path, tree, "DocRoot", "FileList"); failure != nil {
		return failure
	}
	for _, file := range tree.Child("FileList").All("File") {
		if target, found, failure := p.locate(path, file.Value()); failure != nil {
			return failure
		} else if found {
			p.mark(target, Visible)
		}
	}
	document.Current = isTrue(version.AttrOr("Current", "false"))
	if document.Current {
		for _, other := range p.Documents[first:] {
			other.Current = false
		}
	}
	return p.walkDocument(document, path, tree.Child("DocRoot").Value())
}

func (p *Package) walkDocument(document *Document, holder, location string) *Error {
	path, found, failure := p.locate(holder, location)
	if failure != nil {
		return failure
	}
	if !found {
		return refuse(CodePath, holder, "DocRoot %s is not in the package", path)
	}
	document.Root = path
	p.mark(path, Visible)
	tree, failure := p.tree(path)
	if failure != nil {
		return failure
	}
	if failure := once(path, tree, "CommonData", "Pages", "Annotations", "Attachments", "CustomTags", "Extensions"); failure != nil {
		return failure
	}
	document.tree = tree
	p.Documents = append(p.Documents, document)
	p.document, p.parts = document, map[string]bool{}
	p.survey(path, tree)
	common := tree.Child("CommonData")
	if area := common.Child("PageArea"); area != nil {
		if document.PageArea, failure = readArea(path, area); failure != nil {
			return failure
		}
	}
	for _, name := range []string{"PublicRes", "DocumentRes"} {
		for _, resource := range common.All(name) {
			file, failure := p.walkResource(path, resource.Value())
			if failure != nil {
				return failure
			}
			document.resources = append(document.resources, file)
		}
	}
	for _, file := range document.resources { // composite objects set text too
		p.isPart(part{path: file})
	}
	templates := map[string]string{}
	for _, template := range common.All("TemplatePage") {
		target, _, failure := p.walkPage(path, template.AttrOr("BaseLoc", ""))
		if failure != nil {
			return failure
		}
		templates[template.AttrOr("ID", "")] = target
	}
	for _, node := range tree.Child("Pages").All("Page") {
		page := Page{ID: node.AttrOr("ID", ""), Area: document.PageArea}
		var facts *pageFacts
		if page.Path, facts, failure = p.walkPage(path, node.AttrOr("BaseLoc", "")); failure != nil {
			return failure
		}
		if facts.area.Width > 0 {
			page.Area = facts.area
		}
		for _, id := range facts.templates {
			if failure := p.step(page.Path); failure != nil {
				return failure
			}
			if target, ok := templates[id]; ok {
				page.Templates = append(page.Templates, target)
			}
		}
		document.Pages = append(document.Pages, page)
	}
	return p.walkSideFiles(path, tree)
}

// pageFacts is what the walk needs of a page or template; its tree is not kept for it.
type pageFacts struct {
	area      Box // of the page itself, empty when it has none
	templates []string
	resources []string // files of its own resources
}

// walkPage reads a page or template, once.
func (p *Package) walkPage(holder, location string) (string, *pageFacts, *Error) {
	path, found, failure := p.locate(holder, location)
	if !found {
		return path, &pageFacts{}, failure
	}
	if facts, ok := p.pages[path]; ok {
		p.isPart(part{path, facts.resources})
		return path, facts, nil
	}
	p.mark(path, Visible)
	tree, failure := p.tree(path)
	if failure != nil {
		return path, nil, failure
	}
	if failure := once(path, tree, "Area", "Content", "Actions"); failure != nil {
		return path, nil, failure
	}
	p.survey(path, tree)
	facts := &pageFacts{}
	p.pages[path] = facts
	if area := tree.Child("Area"); area != nil {
		if facts.area, failure = readArea(path, area); failure != nil {
			return path, nil, failure
		}
	}
	for _, resource := range tree.All("PageRes") {
		file, failure := p.walkResource(path, resource.Value())
		if failure != nil {
			return path, nil, failure
		}
		facts.resources = append(facts.resources, file)
		p.isPart(part{path: file})
	}
	p.isPart(part{path, facts.resources})
	for _, use := range tree.All("Template") {
		facts.templates = append(facts.templates, use.AttrOr("TemplateID", ""))
	}
	return path, facts, nil
}

// readArea checks every box of a page area and gives the physical one.
func readArea(path string, area *Node) (Box, *Error) {
	var physical Box
	for _, name := range []string{"PhysicalBox", "ApplicationBox", "ContentBox", "BleedBox"} {
		node := area.Child(name)
		if node == nil {
			continue
		}
		box, failure := ParseBox(path, node.Value())
		if failure != nil {
			return Box{}, failure
		}
		if name == "PhysicalBox" {
			physical = box
		}
	}
	return physical, nil
}

// walkResource reads a resource file, once, whatever else names the same file: fonts, images, colour profiles (GB/T 33190-2016 7.9). It gives its path.
func (p *Package) walkResource(holder, location string) (string, *Error) {
	path, found, failure := p.locate(holder, location)
	if !found || p.used[path] {
		return path, failure
	}
	p.used[path] = true
	p.mark(path, Visible)
	tree, failure := p.tree(path)
	if failure != nil {
		return path, failure
	}
	p.survey(path, tree)
	base, failure := resourceBase(path, tree)
	if failure != nil {
		return path, failure
	}
	files := map[string]string{} // by what names them
	for _, location := range resourceFiles(tree) {
		target, found, failure := p.locate(base, location)
		if failure != nil {
			return path, failure
		}
		if found {
			p.mark(target, Visible)
			files[strings.TrimSpace(location)] = target
		}
	}
	p.surveys[path].define(tree, files)
	return path, nil
}

// resourceBase is the holder by which the locations in a resource file are resolved.
func resourceBase(path string, tree *Node) (string, *Error) {
	folder := tree.AttrOr("BaseLoc", "")
	if folder == "" {
		return path, nil
	}
	return Resolve(path, folder+"/x") // the folder of a file x inside it
}

func resourceFiles(tree *Node) []string {
	var all []string
	add := func(location string) {
		if strings.TrimSpace(location) != "" {
			all = append(all, location)
		}
	}
	for _, font := range tree.Child("Fonts").All("Font") {
		add(font.Child("FontFile").Value())
	}
	for _, media := range tree.Child("MultiMedias").All("MultiMedia") {
		add(media.Child("MediaFile").Value())
	}
	for _, space := range tree.Child("ColorSpaces").All("ColorSpace") {
		add(space.AttrOr("Profile", ""))
	}
	return all
}

// walkSideFiles follows what Document.xml names beside pages: annotations, attachments, custom tags, extensions.
func (p *Package) walkSideFiles(path string, tree *Node) *Error {
	for _, side := range []struct {
		element string
		targets func(list *Node) []string
	}{
		{"Annotations", annotationFiles}, {"Attachments", attachmentFiles}, {"CustomTags", tagFiles}, {"Extensions", extensionFiles},
	} {
		node := tree.Child(side.element)
		if node.Value() == "" {
			continue
		}
		list, found, failure := p.locate(path, node.Value())
		if failure != nil {
			return failure
		}
		if !found {
			continue
		}
		p.mark(list, Visible)
		listTree, failure := p.tree(list)
		if failure != nil {
			return failure
		}
		for _, location := range side.targets(listTree) {
			target, found, failure := p.locate(list, location)
			if failure != nil {
				return failure
			}
			if !found {
				continue
			}
			p.mark(target, Visible)
			if side.element == "Annotations" {
				annotations, failure := p.tree(target)
				if failure != nil {
					return failure
				}
				p.survey(target, annotations)
				p.isPart(part{path: target})
			}
		}
	}
	return nil
}

func annotationFiles(list *Node) []string {
	var all []string
	for _, page := range list.All("Page") {
		for _, file := range page.All("FileLoc") {
			all = append(all, file.Value())
		}
	}
	return all
}

func attachmentFiles(list *Node) []string {
	var all []string
	for _, attachment := range list.All("Attachment") {
		all = append(all, attachment.Child("FileLoc").Value())
	}
	return all
}

func tagFiles(list *Node) []string {
	var all []string
	for _, tag := range list.All("CustomTag") {
		for _, name := range []string{"SchemaLoc", "FileLoc"} {
			if location := tag.Child(name).Value(); location != "" {
				all = append(all, location)
			}
		}
	}
	return all
}

func extensionFiles(list *Node) []string {
	var all []string
	for _, extension := range list.All("Extension") {
		for _, data := range extension.All("ExtendData") {
			if location := data.Value(); location != "" {
				all = append(all, location)
			}
		}
	}
	return all
}

// walkIntegrityList marks the list of GM/T 0099-2020 7.4 and its signature.
func (p *Package) walkIntegrityList() {
	const list = "/OFDEntries.xml"
	if p.exact[list] == nil {
		return
	}
	p.mark(list, Material)
	tree, failure := p.tree(list)
	if failure != nil {
		p.Faults = append(p.Faults, failure)
		return
	}
	if location := tree.Child("SignedValueLoc").Value(); location != "" {
		if path, found, _ := p.locate(list, location); found {
			p.mark(path, Material)
		}
	}
}
