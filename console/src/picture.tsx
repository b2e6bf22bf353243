import { useEffect, useState } from 'preact/hooks'
import { apiKey, authorization, watched } from './service.js'

interface PictureProps {
  projectId: string
  imageId: string
  size: 64 | 128 | 256 | 512
  alt: string
  onMissing?: () => void
}

/** A stored picture. With a key it is fetched with it, and let go when it leaves the page. */
export function Picture({ projectId, imageId, size, alt, onMissing }: PictureProps) {
  const path = `/api/projects/${encodeURIComponent(projectId)}/images/${encodeURIComponent(imageId)}`
  const address = `${path}?size=${size}&format=webp`
  const hasKey = apiKey.value !== undefined
  const [fetched, setFetched] = useState<string>()
  useEffect(() => {
    if (!hasKey) return
    const controller = new AbortController()
    let url: string | undefined
    async function load() {
      const response = await watched(address, { headers: authorization(), signal: controller.signal })
      if (!response.ok) return onMissing?.()
      const blob = await response.blob()
      if (controller.signal.aborted) return
      url = URL.createObjectURL(blob)
      setFetched(url)
    }
    load().catch(() => undefined)
    return () => {
      controller.abort()
      if (url !== undefined) URL.revokeObjectURL(url)
      setFetched(undefined)
    }
  }, [address, hasKey])
  const src = hasKey ? fetched : address
  if (src === undefined) return null
  return <img src={src} alt={alt} width={size} height={size} decoding="async" onError={onMissing} />
}
