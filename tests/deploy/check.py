"""Checks the files in deploy/ by the schemas of those who read them.

Usage: check.py DEPLOY SPINKUBE_SCHEMAS COMPOSE_SCHEMA
"""

import json
import re
import sys
from pathlib import Path

import jsonschema
import yaml

deploy, spinkube, compose_schema = map(Path, sys.argv[1:])


def closed(schema):
    """A schema of Kubernetes, which refuses members that it does not know."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    if schema.pop("x-kubernetes-int-or-string", False):
        schema.pop("anyOf", None)
        schema["type"] = ["integer", "string"]
    return schema


def check(validator, document, name):
    errors = [f"{name}: {error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    if errors:
        sys.exit("\n".join(errors))


# SpinKube
schemas = {}
for file in spinkube.glob("*.json"):
    resource = json.loads(file.read_text())
    # The server checks what all objects have in common.
    schema = closed(resource["schema"])
    schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
    schemas[resource["apiVersion"], resource["kind"]] = schema
assert len(schemas) == 2, schemas.keys()
# A test of the test: a member that is misspelt is found.
wrong = {"spec": {"image": "a", "executor": "b", "runtimeConfigs": {}}}
app = jsonschema.Draft202012Validator(schemas["core.spinkube.dev/v1alpha1", "SpinApp"])
assert any("runtimeConfigs" in error.message for error in app.iter_errors(wrong))

objects = {}
for file in sorted((deploy / "spinkube").glob("*.yaml")):
    for document in yaml.safe_load_all(file.read_text()):
        key = document["apiVersion"], document["kind"]
        if key in schemas:
            check(jsonschema.Draft202012Validator(schemas[key]), document, file.name)
        objects[document["kind"]] = document
app, executor = objects["SpinApp"], objects["SpinAppExecutor"]
assert app["spec"]["executor"] == executor["metadata"]["name"]
target = objects["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
assert target["name"] == app["metadata"]["name"], target
# The operator's webhook refuses both, and needs one of them.
assert "replicas" not in app["spec"] and app["spec"]["enableAutoscaling"]
budget = objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]
assert budget == {"core.spinkube.dev/app-name": app["metadata"]["name"]}, budget
sweep = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
assert f"http://{app['metadata']['name']}/v1/admin/sweep" in sweep["args"][0]
for path, route in [("liveness", "/health/live"), ("readiness", "/health/ready")]:
    assert app["spec"]["checks"][path]["httpGet"]["path"] == route

# Compose
validator = jsonschema.Draft7Validator(json.loads(compose_schema.read_text()))
assert list(validator.iter_errors({"services": {"a": {"imagee": "b"}}}))
composes = {}
for file in sorted((deploy / "compose").glob("*.yaml")):
    composes[file.name] = yaml.safe_load(file.read_text())
    check(validator, composes[file.name], file.name)
services = composes["compose.yaml"]["services"]
for name, service in services.items():
    for other in service.get("depends_on", {}):
        # The image has a health check of its own.
        assert other == "darkroom" or "healthcheck" in services[other], f"{name} waits for {other}"
assert services["darkroom"]["read_only"] and services["darkroom"]["cap_drop"] == ["ALL"]

# What both set must be variables of the application.
manifest = (deploy.parent / "spin.toml").read_text()
variables = re.search(r"^\[variables\]\n(.*?)\n\n", manifest, re.S | re.M)[1]
variables = {line.split(" = ")[0] for line in variables.splitlines()}
used = {variable["name"] for variable in app["spec"]["variables"]}
for compose in composes.values():
    for name in compose["services"]["darkroom"]["environment"]:
        used.add(name.removeprefix("SPIN_VARIABLE_").lower())
unknown = used - variables
print("unknown variables:", ", ".join(sorted(unknown)) or "none")
sys.exit(1 if unknown else 0)
