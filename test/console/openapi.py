"""A small judge of an OpenAPI 3.1 document and of answers against it: as strict as our own document needs, and an error for every keyword it does not know.

problems(document) says what is wrong with the document itself; mismatch(document, schema, value) what an answer has that the schema does not allow. A property that is not
described counts as wrong, so that the document cannot fall behind.
"""
import datetime
import re

METHODS = ("get", "post", "put", "delete", "patch")
KNOWN = {"$ref", "type", "properties", "required", "items", "enum", "const", "format", "minimum", "maximum", "minLength", "maxLength", "pattern", "description", "additionalProperties", "oneOf", "examples",
         "example", "title", "default", "maxItems", "minItems"}
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict, "null": type(None)}


def follow(document, node):
    """What a $ref points to."""
    for _ in range(20):
        if not isinstance(node, dict) or "$ref" not in node:
            return node
        ref = node["$ref"]
        if not ref.startswith("#/"):
            raise ValueError(f"a reference that leaves the document: {ref}")
        node = document
        for part in ref[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
    raise ValueError("references in a circle")


def _schema(document, schema, where, out, seen):
    if not isinstance(schema, dict):
        out.append(f"{where}: no schema")
        return
    out += [f"{where}: unknown keyword {k}" for k in schema.keys() - KNOWN]
    if "$ref" in schema:
        if schema["$ref"] in seen:
            return
        seen.add(schema["$ref"])
        try:
            _schema(document, follow(document, schema), schema["$ref"], out, seen)
        except (KeyError, ValueError) as e:
            out.append(f"{where}: {schema['$ref']}: {e}")
        return
    types = schema.get("type", [])
    out += [f"{where}: unknown type {t}" for t in ([types] if isinstance(types, str) else types) if t not in TYPES]
    if not types and not schema.keys() & {"oneOf", "enum", "const"}:
        out.append(f"{where}: says nothing about the value")
    out += [f"{where}: {k} is required, but not described" for k in schema.get("required", []) if k not in schema.get("properties", {})]
    for k, v in schema.get("properties", {}).items():
        _schema(document, v, f"{where}.{k}", out, seen)
    for v in [schema[k] for k in ("items", "additionalProperties") if isinstance(schema.get(k), dict)] + schema.get("oneOf", []):
        _schema(document, v, where + "[]", out, seen)
    if types == "array" and "items" not in schema:
        out.append(f"{where}: items of what?")


def operations(document):
    """(method, path, operation) of all."""
    return [(m, path, item[m]) for path, item in document.get("paths", {}).items() for m in METHODS if m in item]


def _operation(document, method, path, op, item, out, seen):
    where = f"{method.upper()} {path}"
    out += [f"{where}: no {k}" for k in ("summary", "operationId", "responses") if not op.get(k)]
    parameters = [follow(document, p) for p in op.get("parameters", []) + item.get("parameters", [])]
    declared = {p["name"] for p in parameters if p.get("in") == "path"}
    if declared != set(re.findall(r"\{([^}]*)\}", path)):
        out.append(f"{where}: parts of the path {sorted(declared)}")
    for p in parameters:
        _schema(document, p.get("schema"), f"{where} {p.get('name')}", out, seen)
    if not any(code.startswith("2") for code in op.get("responses", {})):
        out.append(f"{where}: no good answer is described")
    for code, r in op.get("responses", {}).items():
        r = follow(document, r)
        if not r.get("description"):
            out.append(f"{where} {code}: no description")
        for kind, content in r.get("content", {}).items():
            if kind == "application/json":
                _schema(document, content.get("schema"), f"{where} {code}", out, seen)


def problems(document):
    out, seen, ids = [], set(), []
    if not str(document.get("openapi", "")).startswith("3.1"):
        out.append("openapi is not 3.1")
    out += [f"info.{k} is missing" for k in ("title", "version") if not document.get("info", {}).get(k)]
    for method, path, op in operations(document):
        ids.append(op.get("operationId"))
        _operation(document, method, path, op, document["paths"][path], out, seen)
    out += [f"operationId {i} twice" for i in {i for i in ids if ids.count(i) > 1}]
    used = str(document)
    out += [f"schema {name} is not used" for name in document.get("components", {}).get("schemas", {}) if f"#/components/schemas/{name}'" not in used]
    return out


def _typed(value, types):
    for t in [types] if isinstance(types, str) else types:
        if isinstance(value, TYPES[t]) and not (isinstance(value, bool) and t in ("integer", "number")):
            return True
        if t == "integer" and isinstance(value, float) and value.is_integer():
            return True
    return False


def _string(schema, value, where):
    out = []
    if schema.get("format") == "date-time":
        try:
            if datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is None:
                out.append(f"{where}: no zone in {value}")
        except ValueError:
            out.append(f"{where}: no time: {value}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        out.append(f"{where}: {value!r} does not match {schema['pattern']}")
    if len(value) < schema.get("minLength", 0) or len(value) > schema.get("maxLength", len(value)):
        out.append(f"{where}: length {len(value)}")
    return out


def mismatch(document, schema, value, where="answer"):
    schema = follow(document, schema)
    if "oneOf" in schema:
        fit = [s for s in schema["oneOf"] if not mismatch(document, s, value, where)]
        return [] if len(fit) == 1 else [f"{where}: fits {len(fit)} of {len(schema['oneOf'])}: {str(value)[:100]}"]
    if "const" in schema and value != schema["const"]:
        return [f"{where}: {value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    if "type" in schema and not _typed(value, schema["type"]):
        return [f"{where}: {str(value)[:80]!r} is no {schema['type']}"]
    if isinstance(value, str):
        return _string(schema, value, where)
    out = []
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            out.append(f"{where}: {value} is out of bounds")
    elif isinstance(value, list):
        for i, v in enumerate(value):
            out += mismatch(document, schema.get("items", {}), v, f"{where}[{i}]")
    elif isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties", False)
        out += [f"{where}: no {k}" for k in schema.get("required", []) if k not in value]
        for k, v in value.items():
            if k in known:
                out += mismatch(document, known[k], v, f"{where}.{k}")
            elif isinstance(more, dict):
                out += mismatch(document, more, v, f"{where}.{k}")
            elif more is not True:
                out.append(f"{where}: {k} is not described")
    return out


def _self_test():
    """A judge that never objects is none."""
    doc = {"components": {"schemas": {"a": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 0}, "t": {"type": ["string", "null"], "format": "date-time"}}}}}}
    a = {"$ref": "#/components/schemas/a"}
    good = [{"n": 1}, {"n": 0, "t": None}, {"n": 2, "t": "2026-11-26T20:00:00Z"}]
    bad = [{}, {"n": -1}, {"n": "1"}, {"n": True}, {"n": 1, "x": 1}, {"n": 1, "t": "yesterday"}, [], {"n": 1, "t": "2026-11-26T20:00:00"}]
    assert not any(mismatch(doc, a, v) for v in good) and all(mismatch(doc, a, v) for v in bad)
    assert problems({}) and problems({"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/x/{id}": {"get": {"summary": "x", "operationId": "x", "responses": {"200": {"description": "x"}}}}}})


_self_test()
