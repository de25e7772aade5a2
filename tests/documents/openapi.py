"""docs/openapi.yaml as a check of answers: which operation a request is of, and whether its answer is one of those that
the document has."""

import json
import pathlib
import re

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
METHODS = ["get", "post", "patch", "delete", "put"]


def mistakes(schema, value):
    errors = jsonschema.Draft202012Validator(schema).iter_errors(value)
    return "; ".join(f"{'/'.join(map(str, error.path))}: {error.message}" for error in errors)


class OpenApi:
    def __init__(self):
        self.document = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
        self.operations = {}  # (method, pattern): the operation, without references
        for pattern, methods in self.document["paths"].items():
            for method in METHODS:
                if method in methods:
                    self.operations[method.upper(), pattern] = self.resolved(methods[method])

    def resolved(self, node):
        """A part of the document with what its references name in their place."""
        if isinstance(node, list):
            return [self.resolved(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" not in node:
            return {key: self.resolved(value) for key, value in node.items()}
        target = self.document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return self.resolved(target)

    def find(self, method, target):
        """(method, pattern) of the operation that a request is of; None if there is none. Fixed paths come first."""
        path = target.partition("?")[0].rstrip("/") or "/"
        for pattern in sorted(self.document["paths"], key=lambda pattern: pattern.count("{")):
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and (method, pattern) in self.operations:
                return method, pattern
        return None

    def wrong_with(self, operation, status, content_type, body):
        """What in an answer is not as the document says; empty for nothing."""
        response = self.operations[operation]["responses"].get(str(status))
        if response is None:
            return f"the status {status} is not documented"
        content = response.get("content", {})
        if not content:
            return f"a body of {len(body)} bytes" if body else ""
        kind = (content_type or "").partition(";")[0]
        if kind not in content:
            return f"the type {kind} is not documented"
        if not kind.endswith("json"):
            return ""
        return mistakes(content[kind]["schema"], json.loads(body))

    def wrong_with_request(self, operation, body):
        """What in the JSON of a request is not as the document says; empty for nothing."""
        return mistakes(self.operations[operation]["requestBody"]["content"]["application/json"]["schema"], body)
