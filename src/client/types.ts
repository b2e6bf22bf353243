// Made by scripts/client-types.ts from the schemas of the procedures: change those, never this.

/** What each call takes beside its input. */
export interface CallOptions {
  /**
   * Ends the wait for the answer: the call rejects with the signal's reason, and a change that has reached the
   * service may be made all the same. A call with a signal is sent in a request of its own, and not at all once
   * the signal is aborted.
   */
  signal?: AbortSignal | undefined
}

/** Why a call was refused: tRPC's codes. */
export type PersonasErrorCode =
  | 'PARSE_ERROR'
  | 'BAD_REQUEST'
  | 'INTERNAL_SERVER_ERROR'
  | 'NOT_IMPLEMENTED'
  | 'BAD_GATEWAY'
  | 'SERVICE_UNAVAILABLE'
  | 'GATEWAY_TIMEOUT'
  | 'UNAUTHORIZED'
  | 'PAYMENT_REQUIRED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'METHOD_NOT_SUPPORTED'
  | 'TIMEOUT'
  | 'CONFLICT'
  | 'PRECONDITION_FAILED'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'UNPROCESSABLE_CONTENT'
  | 'PRECONDITION_REQUIRED'
  | 'TOO_MANY_REQUESTS'
  | 'CLIENT_CLOSED_REQUEST'

/**
 * The input of `personas.list`
 * The input of `personas.page`
 */
export interface ListPersonasInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** Personas on a page; without it up to 10,000 */
  limit?: number | undefined
  /** Where the page starts, from the page before. 1 to 4,096 characters */
  cursor?: string | undefined
  /** Only personas that have this tag, compared without case; of several, all of them */
  tags?: string[] | undefined
  /**
   * Only personas in whose name, description or tags every word of it occurs, also within a word. Letters
   * compare without case and accents; white space separates words. At most 200 characters
   */
  q?: string | undefined
  /** Only the persona of exactly this name. 1 to 200 characters */
  name?: string | undefined
  /**
   * The order, with `-` the reverse of it: of creation, which is the usual one; of the last change; or of
   * names by Unicode code point. Personas changed in the same millisecond are in order of creation
   */
  sort?: 'createdAt' | '-createdAt' | 'updatedAt' | '-updatedAt' | 'name' | '-name' | undefined
}

/** A kind of user in test scenarios */
export interface Persona {
  /** UUID v4, made by the server */
  id: string
  /** Unique in its project, case-sensitive */
  name: string
  /** What kind of user this is, in short */
  description?: string
  /** The full description, for the simulating model */
  systemPrompt?: string
  /** Id of a stored image, the portrait: `GET …/images/{imageId}` sends it */
  imageUrl?: string
  /** HTTP headers that this persona adds to a connector’s; they take precedence */
  headers?: HeaderMap
  /** Words to find it by, in the order given */
  tags?: string[]
  /** Notes of the caller’s own, such as an id elsewhere */
  metadata?: Record<string, string>
  /** 1 on creation, and one more with every change */
  version: number
  /** ISO 8601, UTC, milliseconds */
  createdAt: string
  /** Grows with every change, and so serves as the entity tag */
  updatedAt: string
}

/** HTTP headers by name: at most 64, 8 KiB in all, no two names alike but for case */
export type HeaderMap = Record<string, string>

/** The output of `personas.page` */
export interface PersonaPage {
  items: Persona[]
  nextCursor?: string
}

/** The input of `personas.tags` */
export interface ListTagsInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
}

/** A tag in use */
export interface TagCount {
  /** As it is most often spelled */
  tag: string
  /** How many personas have it */
  count: number
}

/** A new persona */
export interface CreatePersonaInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** Unique in its project, case-sensitive; trimmed, in Unicode NFC. 1 to 200 characters */
  name: string
  /** What kind of user this is, in short. At most 2,000 characters */
  description?: string | null | undefined
  /** The full description, for the simulating model. At most 100,000 characters */
  systemPrompt?: string | null | undefined
  /**
   * HTTP headers that this persona adds to a connector’s; they take precedence. Those that belong to the
   * connection, such as `Transfer-Encoding` and `Content-Length`, are refused
   */
  headers?: HeaderMap | null | undefined
  /**
   * Words to find it by, in the order given: each is trimmed and in Unicode NFC, no two are alike but for
   * case
   */
  tags?: string[] | null | undefined
  /** Notes of the caller’s own, such as an id elsewhere. `__proto__` is refused as a key */
  metadata?: Record<string, string> | null | undefined
}

/** Personas, each found by its name */
export interface ImportPersonasInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  personas: object[]
  /** `upsert` creates or updates, `create` refuses names that are taken; `upsert` unless given */
  mode?: 'upsert' | 'create' | undefined
  /** Only says what would happen, and changes nothing */
  dryRun?: boolean | undefined
  /** Also deletes the project’s personas that are not in the file, unless a row failed; with `upsert` only */
  prune?: boolean | undefined
}

/** What an import did, or would do */
export interface ImportReport {
  /** Whether nothing was changed */
  dryRun: boolean
  /** Personas that are new */
  created: number
  /** Personas that were changed */
  updated: number
  /** Personas that were so already */
  unchanged: number
  /** Personas that were not in the file */
  deleted: number
  /** Rows that failed */
  failed: number
  /** Row by row, and then what was deleted */
  results: ImportResult[]
}

/** What became of a row */
export interface ImportResult {
  /** Its place in the file, from 1; a persona that was deleted has none */
  row?: number
  /** The line where it begins, from 1, where the file has lines */
  line?: number
  /** Its name, where it has one */
  name?: string
  action: ImportAction
  /** The persona’s id, where there is one */
  id?: string
  /** Why it failed, and warnings */
  issues?: ImportIssue[]
}

/** What became of it, or would in a dry run */
export type ImportAction = 'created' | 'updated' | 'unchanged' | 'deleted' | 'failed'

/** What is to be said of a row */
export interface ImportIssue {
  /** The field, such as headers.X-A */
  path: string
  /** What is wrong with it, or what became of it */
  message: string
  severity: ImportSeverity
}

/** A row with an error fails; one with warnings alone does not */
export type ImportSeverity = 'error' | 'warning'

/** The input of `personas.get` */
export interface GetPersonaInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
  /** The persona as this version was, without `imageUrl` */
  version?: number | undefined
}

/** The fields to change */
export interface UpdatePersonaInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
  /** Unique in its project, case-sensitive; trimmed, in Unicode NFC. 1 to 200 characters */
  name?: string | undefined
  /** What kind of user this is, in short; null removes it. At most 2,000 characters */
  description?: string | null | undefined
  /** The full description, for the simulating model; null removes it. At most 100,000 characters */
  systemPrompt?: string | null | undefined
  /** Id of a stored image, the portrait; null removes it */
  imageUrl?: string | null | undefined
  /**
   * HTTP headers that this persona adds to a connector’s; they take precedence. Those that belong to the
   * connection, such as `Transfer-Encoding` and `Content-Length`, are refused; replaced whole, null removes
   * them
   */
  headers?: HeaderMap | null | undefined
  /**
   * Words to find it by, in the order given: each is trimmed and in Unicode NFC, no two are alike but for
   * case; replaced whole, null removes them, and so does an empty one
   */
  tags?: string[] | null | undefined
  /**
   * Notes of the caller’s own, such as an id elsewhere. `__proto__` is refused as a key; replaced whole, null
   * removes them, and so does an empty one
   */
  metadata?: Record<string, string> | null | undefined
  /** Change only if updatedAt is this, or one of these */
  ifMatch?: string | string[] | undefined
}

/**
 * The input of `personas.versions`
 * The input of `personas.versionsPage`
 */
export interface ListVersionsInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
  /** Versions on a page; without it all that are kept */
  limit?: number | undefined
  /** Where the page starts, from the page before. 1 to 4,096 characters */
  cursor?: string | undefined
}

/** A version of a persona */
export interface PersonaVersion {
  /** 1 on creation, and one more with every change */
  version: number
  /** When it became the current one */
  updatedAt: string
  /** The fields that differ from the version before it; none in version 1 */
  changed: string[]
  /** The version whose content it took again, where it was made by a revert */
  revertedFrom?: number
}

/** The output of `personas.versionsPage` */
export interface PersonaVersionPage {
  items: PersonaVersion[]
  nextCursor?: string
}

/** The version to go back to */
export interface RevertPersonaInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
  /** The version whose content the persona is to have again */
  version: number
  /** Change only if updatedAt is this, or one of these */
  ifMatch?: string | string[] | undefined
}

/** The input of `personas.delete` */
export interface DeletePersonaInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
  /** Change only if updatedAt is this, or one of these */
  ifMatch?: string | string[] | undefined
}

/** The input of `personas.generateImage` */
export interface PersonaInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
}

/** What the persona’s headers are merged over */
export interface MergeHeadersInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
  /** The connector’s headers */
  headers: HeaderMap
}

/** The headers to send */
export interface MergedHeaders {
  headers: Record<string, string>
}

/** The input of `personas.prompt` */
export interface PersonaPromptInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
  /** What has happened, and what the persona knows. At most 100,000 characters */
  scenario?: string | undefined
  /** What the agent has to do for the conversation to succeed. At most 10,000 characters */
  goal?: string | undefined
  /** The language to write in; without it the persona’s own. At most 100 characters */
  language?: string | undefined
}

/** The system message with which the model plays the persona */
export interface PersonaPrompt {
  system: string
}

/** A message of the conversation, as the agent sees it */
export interface ConversationMessage {
  /** user is the persona, assistant the agent */
  role: 'user' | 'assistant'
  /** Text, or a list of parts of type text. At most 100,000 characters */
  content:
    | string
    | Array<{
        type: 'text'
        /** At most 100,000 characters */
        text: string
      }>
}

/** The conversation so far, and what it is about */
export interface SimulateInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The persona’s UUID, or an unambiguous prefix of it of at least 8 characters */
  id: string
  /** The conversation so far; without it the persona opens */
  messages?: ConversationMessage[] | undefined
  /** What has happened, and what the persona knows. At most 100,000 characters */
  scenario?: string | undefined
  /** What the agent has to do for the conversation to succeed. At most 10,000 characters */
  goal?: string | undefined
  /** The language to write in; without it the persona’s own. At most 100 characters */
  language?: string | undefined
  /** The most messages of the persona; after them the answer is max_turns */
  maxTurns?: number | undefined
  /** Instead of the project’s own, and PERSONA_MODELS */
  model?: string | undefined
  temperature?: number | undefined
  seed?: number | undefined
  /** The most tokens of the answer, those of reasoning included */
  maxTokens?: number | undefined
}

/** The persona’s next message, and whether the conversation is over */
export interface PersonaTurn {
  /** What the persona says; absent where it ends the conversation without a word */
  message?: {
    role: 'user'
    content: string
  }
  /** Whether the conversation is over */
  done: boolean
  /** Why it goes on, or is over */
  reason: 'continue' | 'goal_reached' | 'gave_up' | 'out_of_scope' | 'max_turns'
  /** The model that spoke */
  model: string
  /** Absent where the provider does not say it */
  usage?: TokenUsage
  /** Who spoke, in which version */
  persona: {
    id: string
    version: number
  }
}

/** Tokens, as the provider counts them */
export interface TokenUsage {
  inputTokens: number
  outputTokens: number
  totalTokens: number
}

/** Something that users differ in, and how */
export interface PersonaAxis {
  /** At most 64 characters */
  name: string
  values: string[]
}

/** What the drafts are to be like */
export interface GeneratePersonasInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** Whose users they are, and what they are to be like. At most 10,000 characters */
  brief: string
  /** How many drafts */
  count: number
  /** The language to write in; without it the persona’s own. At most 100 characters */
  language?: string | undefined
  /** What they differ in; without it the model chooses */
  axes?: PersonaAxis[] | undefined
  /** The same seed and axes give the same combinations */
  seed?: number | undefined
  /** Instead of the project’s own, and PERSONA_MODELS */
  model?: string | undefined
}

/** Personas that are not stored, for you to choose from */
export interface PersonaDrafts {
  drafts: PersonaDraft[]
  axes: PersonaAxis[]
  seed: number
  /** Drafts left out, as they were nearly the same as another, or had a name that is taken */
  dropped: number
  /** The model that wrote them */
  model: string
  /** Of all calls; absent where the provider does not say it */
  usage?: TokenUsage
}

/** A persona that is not stored */
export interface PersonaDraft {
  name: string
  description?: string
  systemPrompt: string
  /** Its value of each axis */
  metadata: Record<string, string>
}

/** A project: its id is its name until it is given one */
export interface Project {
  /** UUID v4, made by the server, or the id it was first used with */
  id: string
  name: string
}

/** A new project */
export interface CreateProjectInput {
  /** Trimmed, in Unicode NFC. 1 to 200 characters */
  name: string
}

/**
 * The input of `projects.getConfig`
 * The input of `projects.delete`
 */
export interface ProjectInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
}

/** A project’s name and LLM provider settings */
export interface ProjectConfig {
  name: string
  /** Kept and returned for clients of the original API */
  maxConcurrency?: number
  llmSettings?: LlmSettings
}

/** The LLM provider; its key is shown as a mask */
export interface LlmSettings {
  provider: string
  /** A mask of the stored key, never the key */
  apiKey: string
  models?: LlmModels
}

/** The models chosen */
export interface LlmModels {
  /** The image model, instead of the list in IMAGE_MODELS */
  image?: string
  /** The model that speaks as personas, instead of the list in PERSONA_MODELS */
  persona?: string
  /** Kept and returned for clients of the original API */
  evaluation?: string
}

/** The LLM provider, and how it is reached */
export interface LlmSettingsInput {
  provider: string
  /**
   * Up to 512 visible ASCII characters. Left out, empty, or given as its mask, the stored key stays; another
   * provider needs a key of its own
   */
  apiKey?: string | undefined
  /** Models left out stay; null removes one, or all */
  models?: LlmModelsInput | null | undefined
}

/** The models to change */
export interface LlmModelsInput {
  /** The image model, instead of the list in IMAGE_MODELS */
  image?: string | null | undefined
  /** The model that speaks as personas, instead of the list in PERSONA_MODELS */
  persona?: string | null | undefined
  /** Kept and returned for clients of the original API */
  evaluation?: string | null | undefined
}

/** The settings to change */
export interface UpdateProjectConfigInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** Trimmed, in Unicode NFC. 1 to 200 characters */
  name?: string | undefined
  /** Kept and returned for clients of the original API; null removes it */
  maxConcurrency?: number | null | undefined
  /** The settings to change; null removes them and the key */
  llmSettings?: LlmSettingsInput | null | undefined
}

/** What the image is for: a portrait, a style reference that portraits should match, or anything else */
export type ImageRole = 'persona-avatar' | 'persona-avatar-styleguide' | 'upload'

/** A picture as base64, and what it is for */
export interface UploadImageInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** A PNG, JPEG or WebP picture of at most 10 MiB, in base64; a `data:` prefix is allowed */
  imageBase64: string
  role: ImageRole
  /** For the caller’s own records; not kept. At most 255 characters */
  filename?: string | undefined
}

/** Where the picture is from now on */
export interface UploadedImage {
  /** A UUID and the extension of the stored format */
  id: string
}

/** The input of `images.list` */
export interface ListImagesInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** Only images of this role */
  role?: ImageRole | undefined
}

/** Ids of images */
export interface ImageIds {
  /** Oldest first */
  ids: string[]
}

/** The input of `images.delete` */
export interface ImageInput {
  /** The project’s id. 1 to 128 characters */
  projectId: string
  /** The image’s id */
  imageId: string
}

/** The calls of the service. */
export interface PersonasCalls {
  personas: {
    /**
     * The project’s personas in order of creation. Without parameters it answers all of them, up to 10,000
     * and 64 MiB. `tag` (in tRPC `tags`), `q` and `name` leave those for which all of them hold; `sort`
     * orders them. `limit` and `cursor` page through them; where there is a next page, `Link` leads to it and
     * `X-Next-Cursor` is its cursor. A cursor is for the same filters and order. A page has at most 16 MiB,
     * and so may have fewer than `limit`. A project that holds nothing answers an empty list.
     *
     * @throws PersonasError BAD_REQUEST: limit must be a whole number from 1 to 500
     * @throws PersonasError BAD_REQUEST: cursor must be one that a page of this list gave, with the same
     * filters and sort
     * @throws PersonasError BAD_REQUEST: limit is needed: the list is too large for one answer
     */
    list: { query: (input: ListPersonasInput, options?: CallOptions) => Promise<Persona[]> }
    /**
     * A page of what `personas.list` returns, and where the next one starts.
     *
     * @throws PersonasError BAD_REQUEST: limit must be a whole number from 1 to 500
     * @throws PersonasError BAD_REQUEST: cursor must be one that a page of this list gave, with the same
     * filters and sort
     * @throws PersonasError BAD_REQUEST: limit is needed: the list is too large for one answer
     */
    page: { query: (input: ListPersonasInput, options?: CallOptions) => Promise<PersonaPage> }
    /**
     * The tags of the project’s personas, and how many personas have each. Tags that differ in case alone are
     * one, shown as it is most often spelled. The most used come first; of those used as much, the first by
     * Unicode code point. Of more than 10,000 spellings, the most used ones are counted.
     */
    tags: { query: (input: ListTagsInput, options?: CallOptions) => Promise<TagCount[]> }
    /**
     * Creates a persona. Its name must be new in the project.
     *
     * @throws PersonasError BAD_REQUEST: Name is required
     * @throws PersonasError CONFLICT: Persona with name "impatient-user" already exists
     */
    create: { mutate: (input: CreatePersonaInput, options?: CallOptions) => Promise<Persona> }
    /**
     * Creates and updates personas, each found by its name. A field that is left out stays as it is, `null`
     * clears it. Rows succeed and fail one by one: it is not one transaction, and `results` says what became
     * of each. Sent again, it ends in the same state.
     *
     * @throws PersonasError BAD_REQUEST: mode must be one of upsert, create
     * @throws PersonasError BAD_REQUEST: prune goes with mode upsert only
     * @throws PersonasError SERVICE_UNAVAILABLE: Too many large imports are under way; try again in a few
     * seconds
     */
    import: { mutate: (input: ImportPersonasInput, options?: CallOptions) => Promise<ImportReport> }
    /**
     * Answers one persona, by its id or an unambiguous prefix of it. With `version` it answers the persona as
     * that version was, without `imageUrl`: portraits are not part of the history.
     *
     * @throws PersonasError BAD_REQUEST: version must be a whole number from 1
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError NOT_FOUND: Version not found
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     */
    get: { query: (input: GetPersonaInput, options?: CallOptions) => Promise<Persona> }
    /**
     * Changes the fields given and leaves the others. `null` clears a field; `headers` is replaced whole. A
     * portrait that is no longer shown by any persona is deleted.
     *
     * @throws PersonasError BAD_REQUEST: Name is required
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     * @throws PersonasError CONFLICT: Persona with name "impatient-user" already exists
     * @throws PersonasError PRECONDITION_FAILED: Persona has changed since; read it again before you change
     * it
     */
    update: { mutate: (input: UpdatePersonaInput, options?: CallOptions) => Promise<Persona> }
    /**
     * The versions of a persona that are kept, from the current one on: up to `VERSIONS_KEPT` (100 unless it
     * is set). `limit` and `cursor` page through them; `Link` carries the next page where there is one.
     *
     * @throws PersonasError BAD_REQUEST: limit must be a whole number from 1 to 500
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError BAD_REQUEST: cursor must be one that a page of this list gave, with the same
     * filters and sort
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     */
    versions: { query: (input: ListVersionsInput, options?: CallOptions) => Promise<PersonaVersion[]> }
    /**
     * A page of the persona’s versions, newest first, and where the next one starts.
     *
     * @throws PersonasError BAD_REQUEST: limit must be a whole number from 1 to 500
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError BAD_REQUEST: cursor must be one that a page of this list gave, with the same
     * filters and sort
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     */
    versionsPage: { query: (input: ListVersionsInput, options?: CallOptions) => Promise<PersonaVersionPage> }
    /**
     * Gives a persona the content of a version again, as a new version. `imageUrl` stays as it is. Where the
     * persona has that content, nothing changes.
     *
     * @throws PersonasError BAD_REQUEST: version must be a whole number from 1
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError NOT_FOUND: Version not found
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     * @throws PersonasError CONFLICT: Persona with name "impatient-user" already exists
     * @throws PersonasError PRECONDITION_FAILED: Persona has changed since; read it again before you change
     * it
     */
    revert: { mutate: (input: RevertPersonaInput, options?: CallOptions) => Promise<Persona> }
    /**
     * Deletes a persona, and its portrait unless another persona of the project shows it.
     *
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     * @throws PersonasError PRECONDITION_FAILED: Persona has changed since; read it again before you change
     * it
     */
    delete: { mutate: (input: DeletePersonaInput, options?: CallOptions) => Promise<void> }
    /**
     * Draws a portrait of the persona with OpenAI’s image API, in the style of the project’s style references
     * where it has any, and answers the persona with its new `imageUrl`. Needs `llmSettings` of provider
     * `openai`. A second call for the same persona while one runs waits for that one. It is never tried again
     * by itself, as a failed call may have been billed.
     *
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     * @throws PersonasError BAD_REQUEST: Persona has no system prompt
     * @throws PersonasError BAD_REQUEST: No LLM provider configured
     * @throws PersonasError BAD_REQUEST: LLM provider is not OpenAI
     * @throws PersonasError BAD_GATEWAY: The LLM provider failed with status 500; try again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider account is out of quota or at its spending
     * limit; raise it there
     * @throws PersonasError UNPROCESSABLE_CONTENT: The LLM provider’s content policy refused this request: it
     * gave no reason
     * @throws PersonasError TOO_MANY_REQUESTS: The LLM provider limits the rate of requests; try again in 20
     * s
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with a text that is not JSON; check
     * OPENAI_BASE_URL: gateways want their path in it, such as /v1
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with more than 16 MiB; try again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider serves none of these models to this key:
     * gpt-image-1; check the API key and the models in the project’s llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider serves this model to verified organisations
     * only; verify the API key’s there
     * @throws PersonasError SERVICE_UNAVAILABLE: The project’s API key holds characters that no key has; set
     * it again in llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider refuses the project’s API key; check the
     * API key and the models in the project’s llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider is overloaded; try again in 20 s
     * @throws PersonasError GATEWAY_TIMEOUT: The LLM provider did not finish within 180 s; try again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider could not be reached, or broke off its answer; try
     * again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with status 404; check OPENAI_BASE_URL:
     * gateways want their path in it, such as /v1
     * @throws PersonasError UNPROCESSABLE_CONTENT: The LLM provider cannot use style reference
     * a1b2c3d4-e5f6-4890-abcd-ef1234567890.png (it gave no reason); remove or replace it
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered without a picture; try again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with a link, not the picture itself; try
     * again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with a picture that is not base64; try
     * again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with a picture that cannot be read; try
     * again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The stored API key can no longer be decrypted: set
     * llmSettings.apiKey of this project again
     * @throws PersonasError TOO_MANY_REQUESTS: Too many portraits for this project: at most 20 a minute
     * @throws PersonasError SERVICE_UNAVAILABLE: Too many portraits are being drawn; try again in half a
     * minute
     * @throws PersonasError SERVICE_UNAVAILABLE: Too many pictures are being worked on; try again in a few
     * seconds
     * @throws PersonasError SERVICE_UNAVAILABLE: Too many pictures are being read; try again in a few seconds
     * @throws PersonasError SERVICE_UNAVAILABLE: The service is stopping, and began no portrait; try again in
     * 10 s
     * @throws PersonasError SERVICE_UNAVAILABLE: The service is stopping, and gave this portrait up; it may
     * have been billed
     */
    generateImage: { mutate: (input: PersonaInput, options?: CallOptions) => Promise<Persona> }
    /**
     * The headers of a request made as this persona: the connector’s with the persona’s merged over them.
     * Names compare without case; the persona’s value and spelling win.
     *
     * @throws PersonasError BAD_REQUEST: headers must be an object of header names and string values
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     */
    mergeHeaders: { mutate: (input: MergeHeadersInput, options?: CallOptions) => Promise<MergedHeaders> }
    /**
     * The system message with which `simulate` has the model play this persona. It calls no model, and costs
     * nothing.
     *
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     * @throws PersonasError BAD_REQUEST: Persona has no system prompt
     */
    prompt: { query: (input: PersonaPromptInput, options?: CallOptions) => Promise<PersonaPrompt> }
    /**
     * The persona’s next message to the agent under test, from the project’s language model. `messages` is
     * the conversation as the agent sees it: `user` is the persona, `assistant` the agent, whose message is
     * the last. Without messages the persona opens. Needs `llmSettings` of provider `openai`. It is never
     * tried again by itself, as a failed call may have been billed.
     *
     * @throws PersonasError BAD_REQUEST: maxTurns must be a whole number from 1 to 200
     * @throws PersonasError NOT_FOUND: Persona not found
     * @throws PersonasError BAD_REQUEST: id 987fcdeb is ambiguous: 2 personas have ids that begin with it
     * @throws PersonasError BAD_REQUEST: Persona has no system prompt
     * @throws PersonasError BAD_REQUEST: No LLM provider configured
     * @throws PersonasError BAD_REQUEST: LLM provider is not OpenAI
     * @throws PersonasError BAD_GATEWAY: The LLM provider failed with status 500; try again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider account is out of quota or at its spending
     * limit; raise it there
     * @throws PersonasError UNPROCESSABLE_CONTENT: The LLM provider’s content policy refused this request: it
     * gave no reason
     * @throws PersonasError TOO_MANY_REQUESTS: The LLM provider limits the rate of requests; try again in 20
     * s
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with a text that is not JSON; check
     * OPENAI_BASE_URL: gateways want their path in it, such as /v1
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with more than 16 MiB; try again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider serves none of these models to this key:
     * gpt-image-1; check the API key and the models in the project’s llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider serves this model to verified organisations
     * only; verify the API key’s there
     * @throws PersonasError SERVICE_UNAVAILABLE: The project’s API key holds characters that no key has; set
     * it again in llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider refuses the project’s API key; check the
     * API key and the models in the project’s llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider is overloaded; try again in 20 s
     * @throws PersonasError GATEWAY_TIMEOUT: The LLM provider did not finish within 180 s; try again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider could not be reached, or broke off its answer; try
     * again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with status 404; check OPENAI_BASE_URL:
     * gateways want their path in it, such as /v1
     * @throws PersonasError TOO_MANY_REQUESTS: Too many chat requests for this project: at most 300 a minute
     * @throws PersonasError SERVICE_UNAVAILABLE: Too many conversations are under way; try again in a few
     * seconds
     * @throws PersonasError BAD_REQUEST: The conversation is longer than the model’s context; send less of it
     * (it gave no reason)
     * @throws PersonasError UNPROCESSABLE_CONTENT: The model refused to write this: it gave no reason
     * @throws PersonasError BAD_GATEWAY: The model used its whole token limit before it wrote any text; raise
     * the limit, or leave it out
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered without any text; try again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The stored API key can no longer be decrypted: set
     * llmSettings.apiKey of this project again
     * @throws PersonasError BAD_GATEWAY: The model’s answer was cut at its token limit; raise the limit, or
     * leave it out
     * @throws PersonasError BAD_GATEWAY: The model answered in another form than it was asked for; try again
     * later, or choose another model
     */
    simulate: { mutate: (input: SimulateInput, options?: CallOptions) => Promise<PersonaTurn> }
    /**
     * Drafts of personas that cover a brief rather than resemble each other, written by the project’s
     * language model. The values that they combine are spread evenly over the axes, by the seed. Nothing is
     * stored: create the ones that you want.
     *
     * @throws PersonasError BAD_REQUEST: count must be a whole number from 1 to 20
     * @throws PersonasError BAD_REQUEST: No LLM provider configured
     * @throws PersonasError BAD_REQUEST: LLM provider is not OpenAI
     * @throws PersonasError BAD_GATEWAY: The LLM provider failed with status 500; try again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider account is out of quota or at its spending
     * limit; raise it there
     * @throws PersonasError UNPROCESSABLE_CONTENT: The LLM provider’s content policy refused this request: it
     * gave no reason
     * @throws PersonasError TOO_MANY_REQUESTS: The LLM provider limits the rate of requests; try again in 20
     * s
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with a text that is not JSON; check
     * OPENAI_BASE_URL: gateways want their path in it, such as /v1
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with more than 16 MiB; try again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider serves none of these models to this key:
     * gpt-image-1; check the API key and the models in the project’s llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider serves this model to verified organisations
     * only; verify the API key’s there
     * @throws PersonasError SERVICE_UNAVAILABLE: The project’s API key holds characters that no key has; set
     * it again in llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider refuses the project’s API key; check the
     * API key and the models in the project’s llmSettings
     * @throws PersonasError SERVICE_UNAVAILABLE: The LLM provider is overloaded; try again in 20 s
     * @throws PersonasError GATEWAY_TIMEOUT: The LLM provider did not finish within 180 s; try again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider could not be reached, or broke off its answer; try
     * again later
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered with status 404; check OPENAI_BASE_URL:
     * gateways want their path in it, such as /v1
     * @throws PersonasError TOO_MANY_REQUESTS: Too many chat requests for this project: at most 300 a minute
     * @throws PersonasError SERVICE_UNAVAILABLE: Too many conversations are under way; try again in a few
     * seconds
     * @throws PersonasError BAD_REQUEST: The conversation is longer than the model’s context; send less of it
     * (it gave no reason)
     * @throws PersonasError UNPROCESSABLE_CONTENT: The model refused to write this: it gave no reason
     * @throws PersonasError BAD_GATEWAY: The model used its whole token limit before it wrote any text; raise
     * the limit, or leave it out
     * @throws PersonasError BAD_GATEWAY: The LLM provider answered without any text; try again later
     * @throws PersonasError SERVICE_UNAVAILABLE: The stored API key can no longer be decrypted: set
     * llmSettings.apiKey of this project again
     * @throws PersonasError BAD_GATEWAY: The model’s answer was cut at its token limit; raise the limit, or
     * leave it out
     * @throws PersonasError BAD_GATEWAY: The model answered in another form than it was asked for; try again
     * later, or choose another model
     */
    generate: { mutate: (input: GeneratePersonasInput, options?: CallOptions) => Promise<PersonaDrafts> }
  }
  projects: {
    /**
     * Every project under whose id anything is stored, the one with the oldest persona, image or registration
     * first. One that was never registered has its id as its name. A key that opens one project sees that
     * one.
     */
    list: { query: (input?: Record<string, never>, options?: CallOptions) => Promise<Project[]> }
    /**
     * Gives a new project an id. No project needs to be registered before something is stored in it.
     *
     * @throws PersonasError BAD_REQUEST: Name is required
     * @throws PersonasError FORBIDDEN: This API key is limited to one project and cannot create others
     */
    create: { mutate: (input: CreateProjectInput, options?: CallOptions) => Promise<Project> }
    /** The name and the LLM provider settings. The API key is shown as a mask. */
    getConfig: { query: (input: ProjectInput, options?: CallOptions) => Promise<ProjectConfig> }
    /**
     * Changes the fields given and registers the project if need be. Of `llmSettings`, models that are left
     * out stay, and so does the key where `apiKey` is left out, empty or its mask; a key belongs to its
     * provider, so another `provider` needs another key. `null` removes a model, all of them, or the
     * settings.
     *
     * @throws PersonasError BAD_REQUEST: llmSettings.apiKey is required: no key is stored for this project
     * @throws PersonasError BAD_REQUEST: llmSettings.apiKey is required: the stored key belongs to
     * "anthropic"
     * @throws PersonasError SERVICE_UNAVAILABLE: The key file of the service cannot be read or made
     */
    updateConfig: {
      mutate: (input: UpdateProjectConfigInput, options?: CallOptions) => Promise<ProjectConfig>
    }
    /**
     * Deletes the project with its personas, images and settings.
     *
     * @throws PersonasError NOT_FOUND: Project not found
     */
    delete: { mutate: (input: ProjectInput, options?: CallOptions) => Promise<void> }
  }
  images: {
    /**
     * Stores a PNG, JPEG or WebP picture of at most 10 MiB and 24 megapixels. It is judged by its content and
     * re-encoded: nothing but pixels is kept. Here it comes as base64; `uploadImageFile` takes it as it is.
     *
     * @throws PersonasError BAD_REQUEST: image must be a PNG, JPEG or WebP picture of at most 10 MiB and 24
     * megapixels
     * @throws PersonasError BAD_REQUEST: imageBase64 must be base64 (RFC 4648 §4), with or without a data:
     * prefix
     * @throws PersonasError BAD_REQUEST: image is larger than 15 MiB once re-encoded: scale it down
     * @throws PersonasError SERVICE_UNAVAILABLE: Too many pictures are being worked on; try again in a few
     * seconds
     */
    upload: { mutate: (input: UploadImageInput, options?: CallOptions) => Promise<UploadedImage> }
    /**
     * Ids of the project’s images, or of those of one role, oldest first.
     *
     * @throws PersonasError BAD_REQUEST: role must be one of persona-avatar, persona-avatar-styleguide,
     * upload
     */
    list: { query: (input: ListImagesInput, options?: CallOptions) => Promise<ImageIds> }
    /**
     * Deletes an image. Personas that show it keep its id.
     *
     * @throws PersonasError NOT_FOUND: Image not found
     */
    delete: { mutate: (input: ImageInput, options?: CallOptions) => Promise<void> }
  }
}
