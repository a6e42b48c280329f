package render

import (
	"strconv"

	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// Node is a part of the document, for those who want to see what is in it beside what is drawn.
type Node struct {
	Kind     string // document, version, page, template, layer, annotation, attachment, custom_tag, extension, resource, signature …
	ID       string
	Name     string
	Path     string // file of the package
	Drawn    bool   // is part of the picture of a page
	Children []*Node
}

const maxNodes = 50_000

// Tree lists the document: pages with their templates and layers, annotations, versions, resources, signatures, and what
// is never drawn: attachments, custom tags, extensions. Files that cannot be read are nodes without children.
func (d *Document) Tree() *Node {
	l := &lister{d: d}
	d.xml = 0
	root := l.node(nil, Node{Kind: "document", ID: d.document.Info.DocID, Name: d.document.Info.Title, Path: d.document.Root})
	for i, document := range d.p.Documents {
		if document.Body == d.document.Body {
			l.node(root, Node{Kind: "version", ID: strconv.Itoa(i), Path: document.Root, Drawn: document == d.document})
		}
	}
	common := d.root.Child("CommonData")
	for _, kind := range []string{"PublicRes", "DocumentRes"} {
		for _, node := range common.All(kind) {
			l.resource(l.file(root, "resource", kind, d.document.Root, node.Value()))
		}
	}
	for _, node := range common.All("TemplatePage") {
		l.page(l.file(root, "template", node.AttrOr("ID", ""), d.document.Root, node.AttrOr("BaseLoc", "")))
	}
	for i, page := range d.document.Pages {
		l.page(l.node(root, Node{Kind: "page", ID: page.ID, Name: strconv.Itoa(i + 1), Path: page.Path, Drawn: true}))
	}
	l.side(root, "Annotations", "Page", "annotations", "PageID")
	l.side(root, "Attachments", "Attachment", "attachment", "Name")
	l.side(root, "CustomTags", "CustomTag", "custom_tag", "TypeID")
	l.side(root, "Extensions", "Extension", "extension", "AppName")
	for _, s := range d.p.Signatures {
		node := l.node(root, Node{Kind: "signature", ID: s.ID, Name: s.Type, Path: s.Path})
		for _, stamp := range s.Stamps {
			l.node(node, Node{Kind: "stamp", ID: stamp.ID, Name: stamp.PageRef, Drawn: stamp.Page > 0})
		}
	}
	return root
}

type lister struct {
	d     *Document
	count int
}

func (l *lister) node(holder *Node, n Node) *Node {
	if l.count++; l.count > maxNodes {
		return &Node{} // hangs nowhere
	}
	if holder != nil {
		holder.Children = append(holder.Children, &n)
	}
	return &n
}

func (l *lister) file(holder *Node, kind, id, from, location string) *Node {
	path, _ := l.d.find(from, location)
	return l.node(holder, Node{Kind: kind, ID: id, Path: path})
}

func (l *lister) tree(path string) *ofd.Node {
	if path == "" || !l.d.p.Has(path) {
		return nil
	}
	tree, err := l.d.tree(path)
	if err != nil {
		return nil
	}
	return tree
}

func (l *lister) page(n *Node) {
	tree := l.tree(n.Path)
	for _, use := range tree.All("Template") {
		l.node(n, Node{Kind: "template_use", ID: use.AttrOr("TemplateID", ""), Name: use.AttrOr("ZOrder", "Background"), Drawn: true})
	}
	for _, layer := range tree.Child("Content").All("Layer") {
		l.node(n, Node{Kind: "layer", ID: layer.AttrOr("ID", ""), Name: layer.AttrOr("Type", "Body"), Drawn: true})
	}
}

func (l *lister) resource(n *Node) {
	tree := l.tree(n.Path)
	if tree == nil {
		return
	}
	for _, group := range tree.Children {
		for _, node := range group.Children {
			if id := node.AttrOr("ID", ""); id != "" {
				l.node(n, Node{Kind: node.Name, ID: id, Name: node.AttrOr("FontName", node.AttrOr("Type", ""))})
			}
		}
	}
}

// side lists a file that Document.xml names, and the files that its entries name.
func (l *lister) side(root *Node, element, entry, kind, name string) {
	location := l.d.root.Child(element).Value()
	if location == "" {
		return
	}
	list := l.file(root, kind+"_list", "", l.d.document.Root, location)
	for _, node := range l.tree(list.Path).All(entry) {
		n := l.node(list, Node{Kind: kind, ID: node.AttrOr("ID", ""), Name: node.AttrOr(name, "")})
		for _, file := range node.Children {
			switch file.Name {
			case "FileLoc", "SchemaLoc", "ExtendData":
				n.Path, _ = l.d.find(list.Path, file.Value())
			}
		}
		if kind != "annotations" {
			continue
		}
		n.Drawn = true
		for _, annotation := range l.tree(n.Path).All("Annot") {
			l.node(n, Node{Kind: "annotation", ID: annotation.AttrOr("ID", ""), Name: annotation.AttrOr("Type", ""), Drawn: true})
		}
	}
}
