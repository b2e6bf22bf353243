"""Calls through a client that openapi-python-client generated as the package personas_client (docs/clients.md)."""

import os
from uuid import uuid4

from personas_client import AuthenticatedClient
from personas_client.api.personas import create_persona, get_persona, update_persona
from personas_client.api.projects import delete_project
from personas_client.models import CreatePersonaInput, HeaderMap, Persona, UpdatePersonaInput
from personas_client.types import UNSET

client = AuthenticatedClient(
    base_url=os.environ.get("PERSONAS_URL", "http://localhost:3000"),
    token=os.environ.get("PERSONAS_API_KEY", "none"),
)
project = f"python {uuid4()}"

headers = HeaderMap.from_dict({"X-User-Language": "en"})
draft = CreatePersonaInput(name="impatient-user", description="In a hurry", headers=headers)
created = create_persona.sync(project, client=client, body=draft)
assert isinstance(created, Persona), created
persona_id = str(created.id)

# Errors have a status, a code and a message.
twin = create_persona.sync_detailed(project, client=client, body=draft)
assert twin.status_code == 409 and not isinstance(twin.parsed, Persona) and twin.parsed is not None
assert twin.parsed.message == 'Persona with name "impatient-user" already exists'

# Only fields that are set are sent; None clears one. If-Match: update only the version that was read.
read = get_persona.sync_detailed(project, persona_id, client=client)
etag = read.headers["ETag"]
change = UpdatePersonaInput(description=None)
changed = update_persona.sync(project, persona_id, client=client, body=change, if_match=etag)
assert isinstance(changed, Persona), changed
assert changed.description is UNSET and changed.headers == headers
late = update_persona.sync_detailed(project, persona_id, client=client, body=change, if_match=etag)
assert late.status_code == 412

assert delete_project.sync_detailed(project, client=client).status_code == 204
print("every check holds")
