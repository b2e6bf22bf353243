import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  isNoSubstitutionTemplateLiteral,
  isStringLiteral,
  isTemplateExpression,
  type Node,
} from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/sync'

/** A text, and the file of src that it stands in. */
export interface Placed {
  text: string
  file: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The files of src as they are, but for the client's types, which are generated. */
export function sourceFiles(): Placed[] {
  return readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name}`)
    .filter((file) => file.endsWith('.ts') && file !== 'src/client/types.ts')
    .sort()
    .map((file) => ({ file, text: readFileSync(root + file, 'utf8') }))
}

function textsOf(node: Node): string[] {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (isTemplateExpression(node)) {
    return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
  }
  return []
}

/**
 * The strings of src and the pieces of its templates, as the compiler reads them; comments are none. What the
 * compiler calls unstable here is its interface: should it change, this file is all that knows it.
 */
export function literalsOfSource(): Placed[] {
  const api = new API({ cwd: root })
  try {
    const [project] = api.updateSnapshot({ openProject: `${root}tsconfig.json` }).getProjects()
    if (project === undefined) throw new Error('The compiler does not take tsconfig.json')
    return sourceFiles().flatMap(({ file }) => {
      const texts: string[] = []
      const visit = (node: Node): void => {
        texts.push(...textsOf(node))
        node.forEachChild(visit)
      }
      project.program.getSourceFile(root + file)?.forEachChild(visit)
      return texts.map((text) => ({ text, file }))
    })
  } finally {
    api.close()
  }
}
