import { ApiError } from '@/api'
import { i18n } from '@/i18n'

/** Any failure as one that says what to do. */
export function asProblem(e: unknown): ApiError {
  if (e instanceof ApiError) return e
  const { t } = i18n.global
  return new ApiError('internal', t('problem.unexpected'), t('problem.unexpectedHint'))
}

/**
 * The key of the field that a refusal is about: its message quotes the
 * field's label, as the ledger writes it.
 */
export function fieldOf(problem: ApiError | null, fields: { key: string; label: string }[]): string {
  if (!problem || problem.code !== 'field') return ''
  return fields.find((f) => problem.message.includes(`“${f.label}”`))?.key ?? ''
}
