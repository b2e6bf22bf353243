/** The persona that every measurement uses. */
export const sample = {
  id: '987fcdeb-51a2-4bc4-9567-890123456789',
  name: 'impatient-user',
  createdAt: '2026-01-28T10:00:00.000Z',
  updatedAt: '2026-01-28T10:00:00.000Z',
  description: 'A user who wants quick answers',
  systemPrompt: 'You are an impatient user who values brevity and expects quick, concise responses.',
  headers: { 'X-User-Language': 'en' },
}
