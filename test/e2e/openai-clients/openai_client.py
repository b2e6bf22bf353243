# OpenAI's own package for Python: models, an answer, a stream.
import json
import os

from openai import NotFoundError, OpenAI

client = OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
model = "Müller / Sohn"
messages = [{"role": "user", "content": "How can I help?"}]

models = [each.id for each in client.models.list()]
one = client.models.retrieve(model).id
answer = client.chat.completions.create(model=model, messages=messages, temperature=None, tools=[])
stream = client.chat.completions.create(model=model, messages=messages, stream=True)
streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
try:
    client.chat.completions.create(model="nobody", messages=messages)
    missing = None
except NotFoundError as error:
    missing = error.status_code
text = answer.choices[0].message.content
print(json.dumps({"models": models, "one": one, "text": text, "streamed": streamed, "missing": missing}))
